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

static u64 tsc_hz;

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

bool kernel_pcpu_init(void)
{
	return virt == NULL || virt->cpu_on() == ST_OK;
}

void kernel_pcpu_run(void)
{
	sched_init(tsc_hz);
	sched_idle();
}

static void report(u32 apic_id, enum status status, s64 tsc_offset)
{
	if (status == ST_NOMEM)
		printk(LOG_ERROR, "no memory for the processor with APIC id %u", apic_id);
	else if (status != ST_OK)
		printk(LOG_ERROR, "the processor with APIC id %u %s and is left out", apic_id,
		       status == ST_TIMEOUT ? "does not answer" : status == ST_STATE ? "got stuck" : "can't be used");
	else if (tsc_offset != 0)
		printk(LOG_WARNING, "pCPU %u: its TSC differs from that of pCPU 0 by %lld ticks", pcpu_count - 1,
		       (long long)-tsc_offset);
}

static void start_pcpus(const struct boot_info *boot, struct info_page *info, u32 limit)
{
	u32 listed = limit > 1 ? arch_pcpus_prepare(boot) : 0;
	u64 in_step = BIT64(FEAT_TSC_IN_STEP);
	bool is_in_step = true;
	enum status status = ST_OK;
	s64 tsc_offset;
	u32 apic_id;

	/* Beside one that is stuck somewhere on its way, no other is started. */
	for (u32 i = 0; i < listed && pcpu_count < limit && status != ST_STATE; i++) {
		status = arch_pcpu_start(i, tsc_hz, &apic_id, &tsc_offset);
		if (status == ST_EXISTS)
			continue;
		report(apic_id, status, tsc_offset);
		is_in_step &= tsc_offset == 0;
	}
	*(is_in_step ? &info->features_used : &info->features_missing) |= in_step;
	info->pcpu_count = pcpu_count;
	if (pcpu_count == MAX_PCPUS && listed > MAX_PCPUS)
		printk(LOG_WARNING, "%u processors, of which VOS uses %u", listed, MAX_PCPUS);
	printk(LOG_INFO, "%u pCPU%s", pcpu_count, pcpu_count == 1 ? "" : "s");
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
	tsc_hz = info->tsc_hz;
	sched_init(tsc_hz);
	start_pcpus(boot, info, cmdline.pcpu_limit);
	root_pd_start(boot, info);
	sched_idle();
}
