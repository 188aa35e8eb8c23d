// SPDX-License-Identifier: MIT
// dsdt-modern.asl - namespace of the modern platform: hardware-reduced ACPI, all devices named since none is implied.
// Numbers are those of platform.h and acpi_pm.h.

DefinitionBlock ("", "DSDT", 2, "VOS", "VOSMODRN", 1)
{
	Scope (\_SB)
	{
		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, One)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 4 }
			})
		}

		Device (PWRB)
		{
			Name (_HID, EisaId ("PNP0C0C"))
			Name (_UID, Zero)
		}

		Include ("dsdt-idle.inc")
		Include ("dsdt-hotplug.inc")

		// 10 ** Arg0 looks, a fifth of a second apart, unless the guest is to wake. Not a loop: ACPICA ends a method
		// in which one has run for 30 s, and then nothing would wake the guest any more.
		Method (DOZE, 1, NotSerialized)
		{
			If (LEqual (Arg0, Zero))
			{
				Sleep (200)
				Return
			}
			Subtract (Arg0, One, Local0)
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
			If (\_SB.IDLE.SUSP) { DOZE (Local0) }
		}

		// Linux waits for no interrupt of this platform while it is suspended. The notification wakes it; a button
		// pressed meanwhile is no request to power off. It comes after 63 years at the latest.
		Method (HOLD, 0, Serialized)
		{
			DOZE (10)
			Notify (PWRB, 0x80)
		}

		// The one event is the power button's.
		Device (GED)
		{
			Name (_HID, "ACPI0013")
			Name (_UID, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 9 }
			})
			Method (_EVT, 1, Serialized)
			{
				Notify (PWRB, 0x80)
			}
		}

		// The guest's kernel tells of its panic here (pvpanic).
		Device (PEVT)
		{
			Name (_HID, "QEMU0001")
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0505, 0x0505, 1, 1)
			})
		}

		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, Zero)
			Name (_BBN, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0x0000, 0x0000, 0x0000, 0x0000, 0x0001)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0x0000, 0x1000, 0xFFFF, 0x0000, 0xF000)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0x00000000, 0xE0000000, 0xEFFFFFFF, 0x00000000, 0x10000000)
			})

			Include ("dsdt-pci.inc")
		}
	}

	Name (\_S5, Package () { 5, 5, 0, 0 })
}
