/* SPDX-License-Identifier: MIT */
/*
 * main.c - start of a VMM: one machine over the pages and handles that root laid out (vm_layout.h), one thread for each
 * vCPU.
 */
#include <cpuid.h>
#include <stdlib.h>
#include <sys/random.h>

#include "load.h"
#include "machine.h"
#include "range.h"
#include "sys.h"
#include "user.h"

static struct machine machine;

_Static_assert(sizeof(struct insn_cache) <= VMM_VCPU_HEAP_BYTES, "root gives that much for each vCPU");

/* ---- The kernel as struct host ---- */

static struct host_run host_vcpu_run(void *ctx, u32 vcpu)
{
	struct host_run run;

	(void)ctx;
	(void)vcpu;
	run.status = sys_vcpu_run(&run.bits);
	return run;
}

static enum status host_vcpu_get(void *ctx, u32 vcpu, u32 groups)
{
	(void)ctx;
	(void)vcpu;
	return sys_vcpu_get(groups);
}

static enum status host_wait(void *ctx, u64 deadline_tsc, u64 *bits)
{
	enum status status = sys_notify_wait(deadline_tsc, bits);

	(void)ctx;
	if (status != ST_OK)
		*bits = 0;
	return status;
}

static void host_yield(void *ctx)
{
	(void)ctx;
	(void)!sys_thread_ctl(0, THREAD_YIELD, 0, 0, NULL);
}

static void host_signal_root(void *ctx)
{
	(void)ctx;
	(void)!sys_notify_signal(H_ROOT_SIGNAL);
}

static void host_signal_console(void *ctx)
{
	(void)ctx;
	(void)!sys_notify_signal(VMM_H_CONSOLE);
}

static void host_signal_store(void *ctx)
{
	(void)ctx;
	(void)!sys_notify_signal(VMM_H_STORE);
}

static void host_signal_switch(void *ctx, u32 nic)
{
	(void)ctx;
	(void)!sys_notify_signal(VMM_H_NIC + nic);
}

static void host_signal_vcpu(void *ctx, u32 vcpu)
{
	(void)ctx;
	(void)!sys_notify_signal(VMM_H_THREAD + vcpu);
}

static u64 host_tsc(void *ctx)
{
	(void)ctx;
	return rt_time_tsc();
}

static bool host_random(void *ctx, void *out, u32 bytes)
{
	(void)ctx;
	return getrandom(out, bytes, 0) == (ssize_t)bytes;
}

static void host_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	__cpuid_count(leaf, subleaf, regs->eax, regs->ebx, regs->ecx, regs->edx);
}

static const struct host host = {
	.vcpu_run = host_vcpu_run,
	.vcpu_get = host_vcpu_get,
	.wait = host_wait,
	.yield = host_yield,
	.signal_root = host_signal_root,
	.signal_console = host_signal_console,
	.signal_store = host_signal_store,
	.signal_switch = host_signal_switch,
	.signal_vcpu = host_signal_vcpu,
	.tsc = host_tsc,
	.random = host_random,
};

/* ---- Start ---- */

static const struct vmm_args *args(void)
{
	return (const struct vmm_args *)VMM_ARGS;
}

/* Each thread has its vCPU for life. */
static bool take_vcpu(u32 index)
{
	if (sys_vcpu_bind(VMM_H_VCPU + index) == ST_OK)
		return true;
	machine_stop(&machine, index, STOP_BAD_STATE, false, "thread %u gets no vCPU", index);
	return false;
}

/* Root has filled the argument page, which is read only. An image's address follows from its number. */
static u32 list_images(struct load_image list[VMM_IMAGES_MAX])
{
	u32 count = (u32)min_u64(args()->image_count, VMM_IMAGES_MAX);

	for (u32 i = 0; i < count; i++)
		list[i] = (struct load_image){
			.bytes = (const u8 *)(VMM_IMAGES + i * VMM_IMAGE_STRIDE),
			.size = min_u64(args()->images[i].bytes, VMM_IMAGE_STRIDE),
			.kind = args()->images[i].kind, .name = args()->images[i].name,
		};
	return count;
}

static void start(void)
{
	struct machine_config config = {
		.host = &host, .args = args(), .info = (const struct info_page *)INFO_PAGE_ADDRESS,
		.control = (struct vmm_control *)VMM_CONTROL, .ram = (u8 *)VMM_RAM, .rings = (void *)VMM_RINGS,
		.pages = (u8 *)VMM_VCPU_PAGES, .insns = malloc(args()->cpus * sizeof(struct insn_cache)),
		.host_cpuid = host_cpuid,
		.disks = (u8 *)VMM_DISKS, .links = (u8 *)VMM_LINKS,
		.nics = (u8 *)VMM_NICS, .nic_links = (u8 *)VMM_NIC_LINKS,
		.flash = (u8 *)VMM_FLASH, .discs = (const u8 *)VMM_DISCS,
	};
	struct load_image images[VMM_IMAGES_MAX];
	u32 count = list_images(images);

	if (!machine_init(&machine, &config))
		return;
	if (count != args()->image_count) {
		machine_stop(&machine, 0, STOP_BAD_IMAGE, false, "too many images");
		return;
	}
	if (!machine_load(&machine, images) || !machine_load_variables(&machine))
		return;
	if (!take_vcpu(0))
		return;
	machine_report_running(&machine);
	machine_start(&machine);
	vcpu_loop(&machine.vcpu[0]);
}

/* Until root destroys us. */
static _Noreturn void wait_for_ever(void)
{
	u64 bits;

	for (;;)
		(void)!sys_notify_wait(DEADLINE_NONE, &bits);
}

int main(void)
{
	start();
	machine_report_stop(&machine);
	wait_for_ever();
}

/* The threads of the other vCPUs. */
void user_thread_main(u32 index)
{
	u64 bits;

	while (!machine_is_started(&machine))
		(void)!sys_notify_wait(DEADLINE_NONE, &bits);
	(void)take_vcpu(index);	/* if not, the machine has ended */
	vcpu_loop(&machine.vcpu[index]);
	wait_for_ever();
}
