// Every relocation of ELF AArch64 that the reader knows.
        .text
        .globl  start
        .type   start, %function
start:
        .cfi_startproc
        bl      inside                          // CALL26
        bl      outside
        b       far                             // JUMP26
        bl      nobody                          // weak, and nobody has it
        b.eq    inside                          // CONDBR19
        cbnz    x0, inside
        tbz     x0, #40, inside                 // TSTBR14
        adr     x1, inside+2                    // ADR_PREL_LO21
        ldr     x2, near_words                  // LD_PREL_LO19
        ldrsw   x2, near_words+12
        adrp    x0, number+0x1001               // ADR_PREL_PG_HI21
        add     x0, x0, :lo12:number+0x1001     // ADD_ABS_LO12_NC
        adrp    x3, number
        ldrb    w4, [x3, :lo12:number+3]        // LDST8_ABS_LO12_NC
        strh    w4, [x3, :lo12:number+6]        // LDST16
        ldr     w4, [x3, :lo12:number+12]       // LDST32
        ldr     x4, [x3, :lo12:number+24]       // LDST64
        ldr     d1, [x3, :lo12:number+8]
        ldr     q0, [x3, :lo12:number+16]       // LDST128
        adrp    x5, :got:number                 // ADR_GOT_PAGE
        ldr     x5, [x5, :got_lo12:number]      // LD64_GOT_LO12_NC
        adrp    x6, :got:outside_data
        ldr     x6, [x6, :got_lo12:outside_data]
        adrp    x7, :got:far
        ldr     x7, [x7, :got_lo12:far]
        .reloc  ., R_AARCH64_NONE, 0
        ret
        .cfi_endproc
        .size   start, .-start
        .p2align 3
        .globl  near_words
        .hidden near_words
near_words:
        .xword  1, 2

        .section .text.inside,"ax",%progbits
        .globl  inside
        .hidden inside
        .type   inside, %function
inside:
        .cfi_startproc
        b.ne    start_local
        ret
        .cfi_endproc
        .size   inside, .-inside
        .section .text.inside2,"ax",%progbits
start_local:
        ret

        .section .rodata,"a",%progbits
        .p2align 3
table:
        .word   inside-table                    // PREL32
        .word   inside-.
        .xword  number-.                        // PREL64
        .reloc  ., R_AARCH64_GOTPCREL32, number
        .word   0
        .reloc  ., R_AARCH64_GOTPCREL32, outside_data+4
        .word   0
        .word   inside@PLT - .                  // PLT32
        .word   outside@PLT - .

        .section .data.rel.ro,"aw",%progbits
        .p2align 3
        .xword  start                           // ABS64
        .xword  number+40
        .xword  number-40
        .xword  outside
        .xword  outside_data+16
        .xword  nobody

        .data
        .p2align 4
        .globl  number
        .type   number, %object
number:
        .zero   32
        .size   number, 32
        .comm   shared, 24, 16
        .weak   nobody
        .bss
        .p2align 5
zeroes: .zero   100
        .section .data.more,"aw",%progbits
        .byte   1
        .xword  zeroes+99
        .xword  shared
