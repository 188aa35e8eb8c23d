// SPDX-License-Identifier: MIT
// dsdt-pc.asl - namespace of the pc platform: the ISA devices at their usual places, fixed power button, PCI.
// Numbers are those of platform.h and acpi_pm.h.

DefinitionBlock ("", "DSDT", 2, "VOS", "VOSPC   ", 1)
{
	Scope (\_SB)
	{
		Include ("dsdt-idle.inc")
		Include ("dsdt-hotplug.inc")

		// The SCI of the button, or of the real-time clock's alarm, wakes the guest.
		Method (HOLD, 0, NotSerialized)
		{
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
					0x0000, 0x0000, 0x0CF7, 0x0000, 0x0CF8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0x0000, 0x1000, 0xFFFF, 0x0000, 0xF000)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0x00000000, 0xE0000000, 0xEFFFFFFF, 0x00000000, 0x10000000)
				// Where SeaBIOS puts devices' memory: below the I/O APIC, from the top.
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0x00000000, 0xF0100000, 0xFEBFFFFF, 0x00000000, 0x0EB00000)
			})

			Include ("dsdt-pci.inc")

			Device (ISA)
			{
				Name (_ADR, 0x00010000)

				Device (PIC)
				{
					Name (_HID, EisaId ("PNP0000"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0020, 0x0020, 1, 2)
						IO (Decode16, 0x00A0, 0x00A0, 1, 2)
						IO (Decode16, 0x04D0, 0x04D0, 1, 2)
						IRQNoFlags () { 2 }
					})
				}

				Device (PIT)
				{
					Name (_HID, EisaId ("PNP0100"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0040, 0x0040, 1, 4)
						IRQNoFlags () { 0 }
					})
				}

				Device (RTC)
				{
					Name (_HID, EisaId ("PNP0B00"))
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0070, 0x0070, 1, 2)
						IRQNoFlags () { 8 }
					})
				}

				Device (COM1)
				{
					Name (_HID, EisaId ("PNP0501"))
					Name (_UID, One)
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x03F8, 0x03F8, 1, 8)
						IRQNoFlags () { 4 }
					})
				}

				// Ports that no other device names: system control, power management.
				Device (SYS)
				{
					Name (_HID, EisaId ("PNP0C02"))
					Name (_UID, Zero)
					Name (_CRS, ResourceTemplate ()
					{
						IO (Decode16, 0x0061, 0x0061, 1, 1)
						IO (Decode16, 0x0092, 0x0092, 1, 1)
						IO (Decode16, 0x0600, 0x0600, 1, 16)
					})
				}
			}
		}
	}

	Name (\_S5, Package () { 5, 5, 0, 0 })
}
