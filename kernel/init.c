/*
 * init.c - the order in which the kernel comes up, on the boot pCPU.
 */
#include "arch.h"
#include "cmdline.h"
#include "frames.h"
#include "info_page.h"
#include "log.h"
#include "panic.h"
#include "root_pd.h"
#include "sched.h"
#include "text.h"
#include "virt.h"
#include "vm.h"

static void virt_start(struct info_page *info)
{
	virt_probe(info);
	if (virt != NULL && virt->cpu_on() != ST_OK) {
		text_copy(info->virt_reason, sizeof(info->virt_reason), "it could not be switched on");
		info->virt = VIRT_NONE;
		virt = NULL;
	}
	if (virt == NULL) {
		printk(LOG_WARNING, "virtualization: none, so no VM can be started");
		printk(LOG_WARNING, "%s", info->virt_reason);	/* on a line of its own: a screen has 80 columns */
	} else {
		printk(LOG_INFO, "virtualization: %s", virt->name);
	}
	if ((info->features_used & BIT64(FEAT_PAGES_1G)) != 0)
		vm_use_1g();
}

void kernel_main(const struct boot_info *boot, struct info_page *info)
{
	struct cmdline cmdline;

	if (info->tsc_boot == 0)
		info->tsc_boot = arch_tsc();
	log_init(info->tsc_boot, 0);
	printk(LOG_INFO, "VOS " VOS_VERSION);
	cmdline_apply(boot, &cmdline);
	frames_init(boot);
	if (arch_init_late(boot, info) != ST_OK)
		panic("interrupts or clocks can't be set up");
	log_init(info->tsc_boot, info->tsc_hz);
	panic_set_noreboot(cmdline.is_noreboot, info->tsc_hz);
	info->memory_bytes = frames.total << PAGE_SHIFT;
	virt_start(info);
	sched_init(info->tsc_hz);
	root_pd_start(boot, info);
	sched_idle();
}
