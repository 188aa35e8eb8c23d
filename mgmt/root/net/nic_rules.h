/* SPDX-License-Identifier: MIT */
/*
 * nic_rules.h - the filter of a VM's network card as the operator writes it (struct nic_rule, request.h), as the rules
 * of its port (struct filter_rule, lib/proto/switch.h). Pure.
 */
#ifndef VOS_NIC_RULES_H
#define VOS_NIC_RULES_H

#include "request.h"

_Static_assert(2 * NIC_RULES <= FILTER_RULES, "a rule without an address is one of IPv4 and one of IPv6");

/* Are the fields in range? The rule is foreign. */
bool nic_rule_ok(const struct nic_rule *rule);
/* Of good ones, into rules[FILTER_RULES]; returns how many. */
u32 nic_rules_expand(const struct nic_spec *nic, struct filter_rule *rules);
/* How often each has decided, into hits[NIC_RULES]; `counted` is of the port's rules. */
void nic_rules_hits(const struct nic_spec *nic, const u64 *counted, u64 *hits);

#endif
