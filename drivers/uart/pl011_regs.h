/* SPDX-License-Identifier: MIT
 *
 * PrimeCell UART (PL011) r1p5, ARM DDI 0183G chapter 3. Private to drivers/uart/pl011.c and to the
 * test that transcribes it again. Registers are 16 bits wide or less, a word apart; offsets from
 * the base. Reserved: 0x008-0x014, 0x01c, 0x04c-0xfdc.
 */
#ifndef DRIVERS_UART_PL011_REGS_H
#define DRIVERS_UART_PL011_REGS_H

#define PL011_DR      0x000 /* data: bits 7:0; bits 15:12 reserved */
#define PL011_DR_DATA 0xffu
#define PL011_DR_FE   (1u << 8)  /* framing error */
#define PL011_DR_PE   (1u << 9)  /* parity error */
#define PL011_DR_BE   (1u << 10) /* break */
#define PL011_DR_OE   (1u << 11) /* overrun: some before this one are lost */

#define PL011_RSR 0x004 /* receive status; any write clears it */

#define PL011_FR      0x018 /* flags, read-only; bits 15:9 reserved */
#define PL011_FR_BUSY (1u << 3)
#define PL011_FR_RXFE (1u << 4) /* receive FIFO empty */
#define PL011_FR_TXFF (1u << 5) /* transmit FIFO full */
#define PL011_FR_RXFF (1u << 6)
#define PL011_FR_TXFE (1u << 7)

#define PL011_ILPR 0x020 /* IrDA low-power counter */

#define PL011_IBRD 0x024 /* baud divisor, whole: 16 bits; takes effect with a write to LCR_H */
#define PL011_FBRD 0x028 /* its fraction in 64ths: 6 bits */

#define PL011_LCR_H       0x02c /* line control; bits 15:8 reserved */
#define PL011_LCR_H_BRK   (1u << 0)
#define PL011_LCR_H_PEN   (1u << 1)
#define PL011_LCR_H_EPS   (1u << 2)
#define PL011_LCR_H_STP2  (1u << 3)
#define PL011_LCR_H_FEN   (1u << 4) /* FIFOs on */
#define PL011_LCR_H_WLEN8 (3u << 5)
#define PL011_LCR_H_SPS   (1u << 7)

#define PL011_CR        0x030 /* control; bits 6:3 reserved; disable before changing */
#define PL011_CR_UARTEN (1u << 0)
#define PL011_CR_LBE    (1u << 7)
#define PL011_CR_TXE    (1u << 8)
#define PL011_CR_RXE    (1u << 9)

#define PL011_IFLS        0x034     /* FIFO levels; bits 15:6 reserved */
#define PL011_IFLS_TX_1_8 (0u << 0) /* bits 2:0 */
#define PL011_IFLS_RX_1_8 (0u << 3) /* bits 5:3 */

#define PL011_IMSC    0x038 /* interrupt mask: 1 lets it through; bits 15:11 reserved */
#define PL011_RIS     0x03c /* raw status, same bits, read-only */
#define PL011_MIS     0x040 /* masked status, same bits, read-only */
#define PL011_ICR     0x044 /* clear, same bits, write-only */
#define PL011_INT_RX  (1u << 4)
#define PL011_INT_TX  (1u << 5)
#define PL011_INT_RT  (1u << 6) /* receive timeout */
#define PL011_INT_ALL 0x7ffu

#define PL011_DMACR 0x048

#endif
