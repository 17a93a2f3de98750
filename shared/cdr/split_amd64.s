#include "textflag.h"

// The lowest bit of AX says where the next delimiter of the block is, which
// goes to at[n+i]. Where no bit is left it writes what is written over later, or
// is behind the end.
#define PLACE(i) \
	TZCNTQ AX, R12;              \
	ADDL   R10, R12;             \
	MOVL   R12, (4*i)(DI)(R8*4); \
	BLSRQ  AX, AX

// The lowest bit of DX says where the block's next end of a line is: n and the
// bits of R13 below it are before it in at.
#define END(i) \
	BLSMSKQ DX, R12;             \
	ANDQ    R13, R12;            \
	POPCNTQ R12, R12;            \
	LEAL    -1(R8)(R12*1), R12;  \
	MOVL    R12, (4*i)(BX)(R9*4); \
	BLSRQ   DX, DX

// func findAVX2(at, ends *[spots]uint32, text *byte, blocks int, from uint32, comma byte) (n, lines int, other bool)
TEXT ·findAVX2(SB), NOSPLIT, $0-57
	MOVQ at+0(FP), DI
	MOVQ ends+8(FP), BX
	MOVQ text+16(FP), SI
	MOVQ blocks+24(FP), CX
	MOVL from+32(FP), R10
	MOVQ $1, R8                  // n
	XORL R9, R9                  // lines
	VPBROADCASTB comma+36(FP), Y15
	MOVQ $0x1F1F1F1F1F1F1F1F, AX // the highest control character
	MOVQ AX, X14
	VPBROADCASTQ X14, Y14
	VPXOR Y13, Y13, Y13          // all bytes so far, one or another

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPOR Y0, Y13, Y13
	VPOR Y1, Y13, Y13
	VPCMPEQB Y0, Y15, Y2         // commas
	VPCMPEQB Y1, Y15, Y3
	VPMINUB Y0, Y14, Y4          // control characters: the less of them and the
	VPMINUB Y1, Y14, Y5          // highest one is themselves
	VPCMPEQB Y0, Y4, Y4
	VPCMPEQB Y1, Y5, Y5
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, R11
	VPMOVMSKB Y4, DX
	VPMOVMSKB Y5, R12
	SHLQ $32, R11
	ORQ R11, AX
	SHLQ $32, R12
	ORQ R12, DX
	ANDNQ DX, AX, DX             // ends: control characters that are not the comma
	ORQ DX, AX
	MOVQ AX, R13
	POPCNTQ AX, R11

	// Most blocks have as few ends and delimiters as this, or fewer: that costs
	// less than to guess how many, and to guess wrong.
	POPCNTQ DX, R14
	END(0)
	END(1)
	JNZ moreEnds

delimiters:
	PLACE(0)
	PLACE(1)
	PLACE(2)
	PLACE(3)
	PLACE(4)
	PLACE(5)
	PLACE(6)
	PLACE(7)
	JNZ more

next:
	ADDQ R11, R8
	ADDQ R14, R9
	ADDQ $64, SI
	ADDL $64, R10
	DECQ CX
	JNZ block

	VPMOVMSKB Y13, AX
	VZEROUPPER
	TESTL AX, AX
	SETNE other+56(FP)
	MOVQ R8, n+40(FP)
	MOVQ R9, lines+48(FP)
	RET

moreEnds:
	LEAQ 8(BX)(R9*4), AX         // AX is in R13, too

nextEnd:
	BLSMSKQ DX, R12
	ANDQ R13, R12
	POPCNTQ R12, R12
	LEAL -1(R8)(R12*1), R12
	MOVL R12, (AX)
	ADDQ $4, AX
	BLSRQ DX, DX
	JNZ nextEnd
	MOVQ R13, AX
	JMP delimiters

more:
	LEAQ 32(DI)(R8*4), DX

nextDelimiter:
	TZCNTQ AX, R12
	ADDL R10, R12
	MOVL R12, (DX)
	ADDQ $4, DX
	BLSRQ AX, AX
	JNZ nextDelimiter
	JMP next
