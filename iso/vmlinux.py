#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Takes the ELF kernel out of a Linux bzImage: vmlinux.py BZIMAGE OUT.

The boot protocol's header says where the compressed kernel is (payload_offset, payload_length; Documentation/x86/
boot.rst), its first bytes how it was compressed.  The last four bytes are its size.
"""
import lzma
import struct
import subprocess
import sys
import zlib

SETUP_SECTS, VERSION, PAYLOAD = 0x1f1, 0x206, 0x248


def tool(*command):
    """A decompressor that is a program: bytes in, bytes out; what follows the stream is not its business."""
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


FORMATS = (
    (b'\x1f\x8b', lambda data: zlib.decompressobj(wbits=31).decompress(data)),
    (b'\xfd7zXZ\0', lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)),
    (b'\x02\x21\x4c\x18', tool('lz4', '-d', '-c')),
    (b'\x28\xb5\x2f\xfd', tool('zstd', '-d', '-c')),
)


def main():
    with open(sys.argv[1], 'rb') as file:
        image = file.read()
    version, = struct.unpack_from('<H', image, VERSION)
    if image[0x202:0x206] != b'HdrS' or version < 0x208:
        raise SystemExit(f'{sys.argv[1]}: not a bzImage, or too old a one')
    offset, length = struct.unpack_from('<II', image, PAYLOAD)
    offset += ((image[SETUP_SECTS] or 4) + 1) * 512
    payload = image[offset:offset + length]
    size, = struct.unpack('<I', payload[-4:])
    for magic, decompress in FORMATS:
        if payload.startswith(magic):
            kernel = decompress(payload[:-4])
            break
    else:
        raise SystemExit(f'{sys.argv[1]}: unknown compression, {payload[:4].hex()}')
    if len(kernel) != size or not kernel.startswith(b'\x7fELF'):
        raise SystemExit(f'{sys.argv[1]}: no ELF file of {size} bytes comes out')
    with open(sys.argv[2], 'wb') as file:
        file.write(kernel)


if __name__ == '__main__':
    main()
