/* SPDX-License-Identifier: MIT
 *
 * PrimeCell UART (PL011), ARM DDI 0183G: the console. early() maps it and sends by polling; probe()
 * adds reception by interrupt. One instance: /chosen/stdout-path's, else the first found; others
 * are left alone. A UART that firmware has set up is taken as it is.
 * No locks: transmission is under the console's, reception in the interrupt, the rest at boot; the
 * debugger polls while nothing else runs.
 */
#include "drivers/uart/pl011_regs.h"
#include "include/uapi/errno.h"
#include "kern/console.h"
#include "kern/device.h"
#include "kern/irq.h"

#define BAUD 115200u

static struct {
    volatile void *base; /* (c) after early() */
    int node;            /* (c) */
} uart;

static void uart_putc(char c)
{
    while (reg_read(uart.base, PL011_FR) & PL011_FR_TXFF)
        ;
    reg_write(uart.base, PL011_DR, (unsigned char)c);
}

static bool uart_receive(uint32_t *data)
{
    if (reg_read(uart.base, PL011_FR) & PL011_FR_RXFE)
        return false;
    *data = reg_read(uart.base, PL011_DR);
    return true;
}

static bool is_whole(uint32_t data)
{
    return !(data & (PL011_DR_FE | PL011_DR_PE | PL011_DR_BE));
}

static int uart_getc(void)
{
    uint32_t data;

    return uart_receive(&data) && is_whole(data) ? (int)(data & PL011_DR_DATA) : -1;
}

static const struct uart_ops uart_ops = {.putc = uart_putc, .getc = uart_getc};

/* A damaged character is not passed on; a break calls the debugger, if there is one. */
static void uart_drain(void)
{
    uint32_t data;

    while (uart_receive(&data)) {
        if (is_whole(data))
            console_input((char)(data & PL011_DR_DATA));
        else if (data & PL011_DR_BE)
            console_break();
    }
}

/* Cleared before the FIFO is read: what comes after that interrupts again. */
static void uart_interrupt(void *arg)
{
    (void)arg;
    reg_write(uart.base, PL011_ICR, PL011_INT_RX | PL011_INT_RT);
    uart_drain();
}

/* Hz of the UART's clock where it is a fixed one; 0 where it is firmware's affair. */
static uint32_t uart_clock_hz(const struct fdt *fdt, int node)
{
    uint32_t phandle, hz = 0;
    int clock;

    if (!fdt_u32(fdt, node, "clocks", 0, &phandle))
        return 0;
    clock = fdt_phandle(fdt, phandle);
    if (clock >= 0 && fdt_compatible(fdt, clock, "fixed-clock"))
        fdt_u32(fdt, clock, "clock-frequency", 0, &hz);
    return hz;
}

/* A UART that is on is taken as it is. 3.3.6: the divisor is in 64ths of clock / (16 *
 * baud); 3.3.8: disabled while it changes. The FIFOs are left as they are found: turning them on
 * empties them, and QEMU's UART receives while it is disabled, so that what is typed at that moment
 * would be lost (QEMU 7.2 even gives an older character for it). */
static void uart_set_up(uint32_t clock_hz)
{
    uint32_t control = reg_read(uart.base, PL011_CR);
    uint32_t fifos = reg_read(uart.base, PL011_LCR_H) & PL011_LCR_H_FEN;

    if (control & PL011_CR_UARTEN)
        return;
    reg_write(uart.base, PL011_CR, 0);
    uart_drain();
    if (clock_hz >= 16 * BAUD) {
        uint32_t divisor = (clock_hz * 4 + BAUD / 2) / BAUD;

        reg_write(uart.base, PL011_IBRD, divisor / 64);
        reg_write(uart.base, PL011_FBRD, divisor % 64);
    }
    reg_write(uart.base, PL011_LCR_H, PL011_LCR_H_WLEN8 | fifos);
    reg_write(uart.base, PL011_CR, PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE);
}

static int uart_early(const struct fdt *fdt, int node)
{
    if (uart.base)
        return node == uart.node ? 0 : -EBUSY;
    uart.base = device_map_reg(fdt, node, 0);
    if (!uart.base)
        return -ENXIO;
    uart.node = node;
    reg_write(uart.base, PL011_IMSC, 0);
    uart_set_up(uart_clock_hz(fdt, node));
    console_register(&uart_ops);
    return 0;
}

static int uart_probe(const struct fdt *fdt, int node)
{
    if (uart.base && node != uart.node)
        return 0;

    int error = uart_early(fdt, node);
    if (error)
        return error;
    int irq = irq_of_node(fdt, node, 0);
    if (irq < 0)
        return irq;
    error = irq_request(irq, uart_interrupt, NULL, "pl011");
    if (error)
        return error;
    reg_write(uart.base, PL011_IFLS, PL011_IFLS_RX_1_8 | PL011_IFLS_TX_1_8);
    uart_interrupt(NULL); /* what came before may be too little for an interrupt */
    reg_write(uart.base, PL011_IMSC, PL011_INT_RX | PL011_INT_RT);
    return 0;
}

static const char *const uart_compatible[] = {"arm,pl011", NULL};

DRIVER(uart, .name = "pl011", .compatible = uart_compatible, .level = DRIVER_CONSOLE,
       .probe = uart_probe, .early = uart_early);
