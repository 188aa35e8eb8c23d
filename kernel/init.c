/* SPDX-License-Identifier: MIT */
/*
 * init.c - the order in which the kernel comes up, on the boot pCPU. Root is started early: it reads the firmware's
 * tables, measures the clock, and starts the other pCPUs.
 */
#include "arch.h"
#include "frames.h"
#include "info_page.h"
#include "init.h"
#include "kernel_upcalls.h"
#include "log.h"
#include "panic.h"
#include "root_pd.h"
#include "sched.h"
#include "virt.h"

#define TSC_HZ_MIN 1000000u
#define TSC_HZ_MAX 100000000000u

static struct info_page *info;

static void virt_start(void)
{
	virt_probe(info);
	if (virt == NULL) {
		printk(LOG_WARNING, "virtualization: none, so no VM can be started");
		printk(LOG_WARNING, "%s", info->virt_reason);	/* on a line of its own: a screen has 80 columns */
	} else {
		printk(LOG_INFO, "virtualization: %s", virt->name);
	}
}

bool kernel_pcpu_init(void)
{
	return virt == NULL || virt->cpu_on() == ST_OK;
}

void kernel_pcpu_run(void)
{
	sched_init();
	sched_idle();
}

enum status kernel_clock_start(u64 hz, u64 *is_deadline_timer)
{
	if (hz < TSC_HZ_MIN || hz > TSC_HZ_MAX)
		return ST_INVAL;
	if (info->tsc_hz != 0)
		return ST_STATE;
	info->tsc_hz = hz;
	log_set_clock(info->tsc_boot, hz);
	sched_set_clock(hz);
	*is_deadline_timer = arch_clock_start(hz);
	virt_start();
	return ST_OK;
}

void kernel_main(const struct boot_info *boot, struct info_page *page)
{
	const char *level = boot_option(boot, "loglvl");

	info = page;
	if (level != NULL && !log_set_level(level))
		printk(LOG_WARNING, "loglvl: error, warning, info or debug is wanted");
	printk(LOG_INFO, "VOS " VOS_VERSION);
	panic_halts = boot_option(boot, "noreboot") != NULL;
	frames_init(boot);
	info->memory_bytes = frames.total << PAGE_SHIFT;
	if (arch_init_late() != ST_OK)
		panic("there is no usable local APIC");
	arch_pcpus_prepare(HPA(frames_place(boot, AP_PLACE_FIRST, AP_PLACE_END, PAGE_SIZE, PAGE_SIZE)));
	sched_init();
	sched_set_clock(ASSUMED_TSC_HZ);
	root_pd_start(boot, info);
	sched_idle();
}
