/* SPDX-License-Identifier: MIT
 *
 * The console's ring: what the UART's interrupt brings is taken in order, over its end and after it
 * was full; what does not fit is counted.
 */
#include "kern/console.h"
#include "kern/log.h"
#include "tests/host/testing.h"

#define RING_BYTES 8192u /* as kern/console.h promises */

static struct {
    unsigned told;
    char shown[16];
    size_t n;
} host;

void log_set_console(void (*write)(const char *s, size_t n))
{
    (void)write;
}

static void put(char c)
{
    host.shown[host.n++ % sizeof(host.shown)] = c;
}

static void tell(void)
{
    host.told++;
}

/* The character that comes as number i. */
static char nth(uint32_t i)
{
    return (char)(i * 2654435761u >> 24);
}

static void bring(uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        console_input(nth(i));
}

static void expect_taken(uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        assert_int_equal(console_take(), (unsigned char)nth(i));
}

static void all_is_taken_in_order(void **state)
{
    uint32_t in = 0, out = 0;

    (void)state;
    assert_int_equal(console_take(), -1);
    while (out < 5 * RING_BYTES) {
        uint32_t n = testing_below(RING_BYTES - (in - out) + 1);

        bring(in, n);
        in += n;
        n = testing_below(in - out + 1);
        expect_taken(out, n);
        out += n;
    }
    expect_taken(out, in - out);
    assert_int_equal(console_take(), -1);
    assert_int_equal(console_lost(), 0);
}

static void a_full_ring_keeps_what_it_has(void **state)
{
    (void)state;
    bring(0, RING_BYTES + 7);
    assert_int_equal(console_lost(), 7);
    expect_taken(0, RING_BYTES);
    assert_int_equal(console_take(), -1);
    bring(3, 2);
    expect_taken(3, 2);
}

static void the_terminal_is_told(void **state)
{
    (void)state;
    console_input('x');
    console_on_input(tell);
    assert_int_equal(host.told, 1); /* what was typed before */
    console_input('y');
    assert_int_equal(host.told, 2);
    assert_int_equal(console_take(), 'x');
    assert_int_equal(console_take(), 'y');
    console_on_input(tell);
    assert_int_equal(host.told, 2);
}

static void lines_end_with_cr_lf(void **state)
{
    static const struct uart_ops ops = {.putc = put};

    (void)state;
    console_write("lost\n", 5); /* nobody to show it to */
    console_register(&ops);
    console_write("a\nb", 3);
    console_write_raw("c\n", 2);
    assert_int_equal(host.n, 6);
    assert_memory_equal(host.shown, "a\r\nbc\n", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_taken_in_order),
        cmocka_unit_test(a_full_ring_keeps_what_it_has),
        cmocka_unit_test(the_terminal_is_told),
        cmocka_unit_test(lines_end_with_cr_lf),
    };

    testing_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
