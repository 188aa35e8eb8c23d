/* SPDX-License-Identifier: MIT */
/*
 * nic_arg.h - a virtual network card as --nic writes it: "lan", "switch=lan,vlan=7,rate=10M", and back.
 */
#ifndef VOS_NIC_ARG_H
#define VOS_NIC_ARG_H

#include "cmd_error.h"
#include "filter_arg.h"
#include "request.h"

#define NIC_TEXT_BYTES (160u + NIC_RULES * (FILTER_TEXT_BYTES + 8u))
#define MAC_TEXT_BYTES 18u

/* False: *error says why. */
bool nic_parse(struct nic_spec *to, const char *value, struct cmd_error *error);
/* As nic_parse takes it, into text[NIC_TEXT_BYTES]; returned. */
const char *nic_text(char *text, const struct nic_spec *nic);

/* "02:00:5e:10:00:01", into text[MAC_TEXT_BYTES]; returned. */
const char *mac_text(char *text, u64 mac);

/* A network card that is there: VM/N, ROUTER/N or, of the machine, nicN: its owner's name, and N or CAPTURE_UPLINK.
 * False: *error. */
bool nic_parse_place(char name[VM_NAME_BYTES], u32 *number, const char *value, struct cmd_error *error);
/* The number of one of a VM's cards. */
bool nic_parse_card(u32 *card, const char *value, struct cmd_error *error);
/* How much of a frame is captured. */
bool nic_parse_snap(u32 *bytes, const char *value, struct cmd_error *error);

#endif
