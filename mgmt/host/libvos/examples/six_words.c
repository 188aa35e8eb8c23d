/* SPDX-License-Identifier: MIT */
/*
 * six_words.c - the life of a VM. cc six_words.c $(pkg-config --cflags --libs libvos) && VOS_HOST=... ./a.out
 */
#include <vm.h>

int main(void)
{
	VM *vm = create_vm();
	int failures = 0;

	if (!vm) {
		fprintf(stderr, "%s\n", vm_error(NULL));
		return 1;
	}
	failures += start_vm(vm) != 0;
	failures += pause_vm(vm) != 0;
	failures += resume_vm(vm) != 0;
	failures += stop_vm(vm) != 0;
	failures += delete_vm(vm) != 0;
	return failures != 0;
}
