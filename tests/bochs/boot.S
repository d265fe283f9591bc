// The machine's whole firmware: from the reset vector to Linux's 64-bit entry (Documentation/arch/x86/boot.rst, "64-bit boot
// protocol"), with the kernel and its initial file system read from an ATA disk.
//
// A BIOS and a boot loader would cost packages and emulated seconds, and nothing of theirs is needed here. The disk holds, one
// after the other, the boot parameters with the command line, the kernel and the initial file system; their sizes in sectors
// and where they go are passed as macros (see machine.py). Everything lies below 1 GiB.

#define PAGE_TABLES 0x1000
#define STACK 0x8000

#define CODE32 0x08
#define CODE64 0x10 // __BOOT_CS of the protocol
#define DATA 0x18   // __BOOT_DS

    .section .text, "ax"
    .code16
rom: // where the reset vector leads
    cli
    lgdtl %cs:(gdt_pointer - rom)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $protected

    .code32
protected:
    movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $STACK, %esp
    inb $0x92, %al
    orb $2, %al // the A20 gate, should it be shut
    outb %al, $0x92
    cld

    // %ebp is the next sector of the disk.
    xorl %ebp, %ebp
    movl $PARAMETERS, %edi
    movl $PARAMETERS_SECTORS, %ebx
    call load
    movl $KERNEL, %edi
    movl $KERNEL_SECTORS, %ebx
    call load
    movl $INITRD, %edi
    movl $INITRD_SECTORS, %ebx
    call load

    // One GiB, mapped to itself in pages of 2 MiB.
    movl $PAGE_TABLES, %edi
    xorl %eax, %eax
    movl $(3 * 4096 / 4), %ecx
    rep stosl
    movl $(PAGE_TABLES + 0x1003), PAGE_TABLES
    movl $(PAGE_TABLES + 0x2003), PAGE_TABLES + 0x1000
    movl $(PAGE_TABLES + 0x2000), %edi
    movl $0x83, %eax
    movl $512, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b

    movl %cr4, %eax
    orl $0x20, %eax // PAE
    movl %eax, %cr4
    movl $PAGE_TABLES, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx // EFER
    rdmsr
    orl $0x100, %eax // LME
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ljmpl $CODE64, $long

// Reads %ebx sectors from sector %ebp on to %edi, by polling the first ATA channel; both registers advance.
load:
    testl %ebx, %ebx
    jz 9f
    call ready
    movw $0x1f6, %dx
    movb $0x40, %al // the first disk, by block number
    outb %al, %dx
    // At most 256 sectors at once, each register written high half first: LBA48.
    movl $256, %esi
    cmpl %esi, %ebx
    cmovbl %ebx, %esi
    movl %esi, %eax
    movb %ah, %al
    movw $0x1f2, %dx
    outb %al, %dx
    movl %ebp, %eax
    shrl $24, %eax
    incw %dx
    outb %al, %dx
    xorl %eax, %eax
    incw %dx
    outb %al, %dx
    incw %dx
    outb %al, %dx
    movl %esi, %eax
    movw $0x1f2, %dx
    outb %al, %dx
    movl %ebp, %eax
    incw %dx
    outb %al, %dx
    shrl $8, %eax
    incw %dx
    outb %al, %dx
    shrl $8, %eax
    incw %dx
    outb %al, %dx
    movw $0x1f7, %dx
    movb $0x24, %al // READ SECTORS EXT
    outb %al, %dx
    addl %esi, %ebp
    subl %esi, %ebx
1:  call ready
    testb $0x08, %al // DRQ
    jz 1b
    movw $0x1f0, %dx
    movl $256, %ecx
    rep insw
    decl %esi
    jnz 1b
    jmp load
9:  ret

// Waits until the disk is not busy; %al is its status. A failed read ends in a halt, so that the harness runs into its bound.
ready:
    movw $0x1f7, %dx
1:  inb %dx, %al
    testb $0x80, %al
    jnz 1b
    testb $0x01, %al
    jnz 2f
    ret
2:  hlt
    jmp 2b

    .code64
long:
    movl $PARAMETERS, %esi
    movl $(KERNEL + 0x200), %eax
    jmpq *%rax

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff // 32-bit code
    .quad 0x00af9b000000ffff // 64-bit code
    .quad 0x00cf93000000ffff // data
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .section .reset, "ax"
    .code16
    .byte 0xea // ljmpw 0xf000:0, that is to `rom`, which the assembler has no way to write
    .word 0
    .word 0xf000
    .zero 11
