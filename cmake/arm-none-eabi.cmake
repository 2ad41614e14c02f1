# SPDX-License-Identifier: MIT
#
# Cross toolchain of the preset `arm`: Debian's arm-none-eabi-gcc with newlib, for the kernel and
# for user programs alike. It names the tools only; flags that choose a core, a float ABI or a
# layout belong to the targets, which differ in them.
# Nothing can be linked before the project's own start-up code exists, so CMake tries the compiler
# by building a static library.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)

set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar CACHE STRING "")
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib CACHE STRING "")
set(CMAKE_OBJCOPY arm-none-eabi-objcopy CACHE STRING "")
set(CMAKE_NM arm-none-eabi-nm CACHE STRING "")

set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
