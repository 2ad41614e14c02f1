/* SPDX-License-Identifier: MIT
 *
 * true, false: end with status 0 or 1, and do nothing else. One source, two programs: EXIT_CODE
 * is set by the build.
 */
int main(void)
{
    return EXIT_CODE;
}
