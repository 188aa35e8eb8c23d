/* SPDX-License-Identifier: MIT */
/*
 * e1000_regs.h - registers in BAR 0 (SDM 13.4; 82574 10.2) and legacy descriptors (SDM 3.2.3, 3.3.3; 82574 7.1.4,
 * 7.2.10). Numbers in little endian.
 */
#ifndef VOS_E1000_REGS_H
#define VOS_E1000_REGS_H

#include "types.h"

#define E1000_CTRL 0x0000u
#define E1000_CTRL_MASTER_OFF BIT32(2)	/* PCI Express: no new requests */
#define E1000_CTRL_LINK_RESET BIT32(3)
#define E1000_CTRL_AUTO_SPEED BIT32(5)
#define E1000_CTRL_LINK_UP BIT32(6)	/* SLU */
#define E1000_CTRL_INVERT BIT32(7)	/* ILOS */
#define E1000_CTRL_FORCE_SPEED BIT32(11)
#define E1000_CTRL_FORCE_DUPLEX BIT32(12)
#define E1000_CTRL_RESET BIT32(26)
#define E1000_CTRL_VLAN BIT32(30)	/* VME: tags are stripped */
#define E1000_CTRL_PHY_RESET BIT32(31)

#define E1000_STATUS 0x0008u
#define E1000_STATUS_FULL_DUPLEX BIT32(0)
#define E1000_STATUS_LINK_UP BIT32(1)
#define E1000_STATUS_SPEED(status) ((status) >> 6 & 3u)	/* 10, 100, 1000, 1000 Mbit/s */
#define E1000_STATUS_MASTER BIT32(19)	/* PCI Express: it may have requests under way */

/* EERD: a word of the EEPROM is read (SDM 13.4.4; PCI Express: 82574 10.2.2.4). */
#define E1000_EEPROM 0x0014u
#define E1000_EEPROM_START BIT32(0)
#define E1000_EEPROM_DONE(is_express) ((is_express) ? BIT32(1) : BIT32(4))
#define E1000_EEPROM_WORD(is_express, word) ((word) << ((is_express) ? 2 : 8))
#define E1000_EEPROM_DATA(value) ((value) >> 16)

#define E1000_ICR 0x00c0u		/* causes; see E1000_CAUSE_... */
#define E1000_ITR 0x00c4u		/* least time between interrupts, in 256 ns */
#define E1000_IMS 0x00d0u
#define E1000_IMC 0x00d8u
#define E1000_CAUSE_SENT BIT32(0)	/* TXDW */
#define E1000_CAUSE_LINK BIT32(2)	/* LSC */
#define E1000_CAUSE_FEW BIT32(4)	/* RXDMT0 */
#define E1000_CAUSE_OVERRUN BIT32(6)	/* RXO */
#define E1000_CAUSE_RECEIVED BIT32(7)	/* RXT0 */

#define E1000_RCTL 0x0100u
#define E1000_RCTL_ON BIT32(1)
#define E1000_RCTL_ALL_STATIONS BIT32(3)	/* UPE */
#define E1000_RCTL_ALL_GROUPS BIT32(4)		/* MPE */
#define E1000_RCTL_BROADCASTS BIT32(15)		/* BAM */
#define E1000_RCTL_NO_CRC BIT32(26)		/* SECRC. Buffers of 2048 bytes, no long packets: zeros */

#define E1000_TCTL 0x0400u
#define E1000_TCTL_ON BIT32(1)
#define E1000_TCTL_PAD BIT32(3)
#define E1000_TCTL_RETRIES (0x0fu << 4)		/* CT */
#define E1000_TCTL_DISTANCE (0x40u << 12)	/* COLD, full duplex */
#define E1000_TIPG 0x0410u
#define E1000_TIPG_COPPER (8u | 8u << 10 | 6u << 20)	/* SDM 13.4.34: gap for 1000BASE-T */

/* Of a queue: base, bytes of the ring, head (the card's), tail (ours). */
#define E1000_RX_RING 0x2800u
#define E1000_TX_RING 0x3800u
#define E1000_BASE_LOW 0x00u
#define E1000_BASE_HIGH 0x04u
#define E1000_RING_BYTES 0x08u
#define E1000_HEAD 0x10u
#define E1000_TAIL 0x18u
#define E1000_RX_DELAY 0x2820u			/* RDTR */
#define E1000_TX_CONTROL 0x3828u		/* TXDCTL */
#define E1000_TX_CONTROL_ONE BIT32(22)		/* 82574 10.2.6.9: reads as one, is to be written as one */

#define E1000_GROUPS 0x5200u			/* MTA */
#define E1000_GROUPS_COUNT 128u
#define E1000_ADDRESS_LOW 0x5400u		/* RAL0, RAH0: from the EEPROM, after each reset */
#define E1000_ADDRESS_HIGH 0x5404u
#define E1000_ADDRESS_VALID BIT32(31)
#define E1000_REGISTERS_END 0x5408u

struct e1000_rx {
	u64 address;
	u16 bytes, checksum;
	u8 status;		/* E1000_RX_... */
	u8 errors;
	u16 special;
};

struct e1000_tx {
	u64 address;
	u16 bytes;
	u8 checksum_offset;
	u8 command;		/* E1000_TX_... */
	u8 status;		/* E1000_DONE */
	u8 checksum_start;
	u16 special;
};
_Static_assert(sizeof(struct e1000_rx) == 16 && sizeof(struct e1000_tx) == 16, "ABI");

#define E1000_DONE BIT32(0)		/* of both kinds: the card has given it back */
#define E1000_RX_END BIT32(1)		/* EOP: the packet ends here */
#define E1000_RX_DAMAGED 0x97u		/* errors: CE, SE, SEQ, CXE, RXE; not those of checksums */
#define E1000_TX_END BIT32(0)		/* EOP */
#define E1000_TX_CRC BIT32(1)		/* IFCS */
#define E1000_TX_REPORT BIT32(3)	/* RS */

#endif
