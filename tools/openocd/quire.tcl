# SPDX-License-Identifier: MIT
#
# Brings Quire into a halted board's memory by JTAG and starts it, as a boot loader would: image at
# RAM + 0x10000, r2 = device tree, ramdisk where the tree's /chosen says (./debug writes it there).
# Read by OpenOCD 0.12 behind the files of adapter and target; addresses are those of docs/BOARDS.md.

set quire(kernel) 0x00010000
set quire(dtb) 0x07000000
set quire(initrd) 0x08000000

# The mode is the one in which firmware entered its stub: the kernel accepts HYP and SVC. The other
# cores stay in firmware's waiting loop, where the kernel fetches them.
proc quire_load {target kernel dtb initrd} {
    global quire
    targets $target
    halt
    load_image $kernel $quire(kernel) bin
    load_image $dtb $quire(dtb) bin
    load_image $initrd $quire(initrd) bin
    reg r0 0
    reg r1 0
    reg r2 $quire(dtb)
    reg pc $quire(kernel)
}

proc quire_start {} {
    global quire
    resume $quire(kernel)
}
