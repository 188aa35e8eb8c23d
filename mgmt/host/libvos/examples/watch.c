/* SPDX-License-Identifier: MIT */
/*
 * watch.c - handles, configurations, errors and events: defines a VM of IMAGE, runs it, prints its states as VOS tells
 * them, and ends with the exit code of the first function that failed. watch IMAGE
 */
#include <stdio.h>

#include <vos.h>

static void print_event(void *context, const char *event)
{
	(void)context;
	printf("event: %s\n", event);
}

static int run(struct vos *vos, const char *image)
{
	const struct vos_vm_config config = {
		.name = "watched", .cpus = 1, .memory_bytes = 32 << 20, .kernel = image, .more = "{\"weight\":200}",
	};
	struct vos_vm_status status = { 0 };
	int result;

	if ((result = vos_create_vm(vos, &config)) != VOS_OK)
		return result;
	vos_events(vos, print_event, NULL);
	if ((result = vos_start_vm(vos, config.name)) == VOS_OK)
		result = vos_status_vm(vos, config.name, &status);
	if (result == VOS_OK)
		printf("%s is %s, %u vCPU\n", status.name, status.state, status.cpus);
	if (result == VOS_OK)
		result = vos_stop_vm(vos, config.name, 0);
	while (vos_wait(vos, 200) == VOS_OK)
		;
	if (result != VOS_OK)
		return result;
	return vos_delete_vm(vos, config.name, 0);
}

int main(int argc, char **argv)
{
	struct vos *vos = vos_open(NULL);
	int result = vos ? run(vos, argc > 1 ? argv[1] : "debian-kernel") : vos_result(NULL);

	if (result != VOS_OK)
		fprintf(stderr, "error[%s]: %s\n", vos_error_class(vos), vos_error(vos));
	vos_close(vos);
	return result;
}
