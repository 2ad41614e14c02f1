# SPDX-License-Identifier: MIT
#
# The user-mode tests: programs of /tests in the ramdisk, and damaged ELF files for them in
# /tests/bad. Included by user/CMakeLists.txt.

set(TESTS_DIR ${CMAKE_CURRENT_LIST_DIR})

# What the tests have in common, compiled once: TAP, mappings, threads and users by bare calls.
add_library(user_tap STATIC ${TESTS_DIR}/tap.c ${TESTS_DIR}/mapping.c ${TESTS_DIR}/raw_thread.S
    ${TESTS_DIR}/malice.S)
target_link_libraries(user_tap PUBLIC user_glue)

foreach(name t_cost t_crash t_cycle t_device t_disk t_disk_storm t_epoll t_epoll_storm t_exec t_faults t_fb t_fifo t_file
    t_files t_files_data t_files_lock t_files_storm t_fork t_hat t_hostile t_malice_calls
    t_malice_instructions t_malice_leftovers t_malice_life t_malice_limits t_malice_storm t_memory
    t_mmap t_mmap_disk t_mmap_file t_mmap_range t_mmap_shared t_pipe t_points t_poll t_procfs
    t_refs t_regress t_share_storm t_shm t_signal t_storm t_system t_tally t_threads
    t_threads_rights t_timer t_umount t_users t_wait fuzz run)
    user_program(${name} tests ${TESTS_DIR}/${name}.c)
    target_link_libraries(user_${name} PRIVATE user_tap)
endforeach()
target_include_directories(user_t_fb PRIVATE ${USER_DIR}/..)
add_executable(user_start_state ${TESTS_DIR}/start_state.S) # no C library: it looks at its registers first
set_target_properties(user_start_state PROPERTIES OUTPUT_NAME start_state.elf)
target_link_options(user_start_state PRIVATE -nostdlib -static -Wl,--build-id=none
    -Wl,-z,noexecstack -Wl,-z,max-page-size=4096)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/stripped/start_state
    COMMAND ${CMAKE_OBJCOPY} --strip-all $<TARGET_FILE:user_start_state>
            ${CMAKE_BINARY_DIR}/stripped/start_state
    DEPENDS user_start_state VERBATIM)
list(APPEND INITRD_ITEMS tests/start_state=${CMAKE_BINARY_DIR}/stripped/start_state)
list(APPEND INITRD_DEPENDS ${CMAKE_BINARY_DIR}/stripped/start_state)
user_program(fill tests ${TESTS_DIR}/fill.c)
user_program(pattern tests ${TESTS_DIR}/pattern.c)
user_program(load tests ${TESTS_DIR}/load.c)
user_program(helper tests ${TESTS_DIR}/helper.c)
user_program(mapper tests ${TESTS_DIR}/mapper.c)
user_program(sparse tests ${TESTS_DIR}/sparse.c)
user_program(mmu tests ${TESTS_DIR}/mmu.c)
user_program(latency tests ${TESTS_DIR}/latency.c)

set(BAD_ELF_DIR ${CMAKE_BINARY_DIR}/bad_elf)
add_custom_command(OUTPUT ${BAD_ELF_DIR}/stamp
    COMMAND ${Python3_EXECUTABLE} ${TESTS_DIR}/make_bad_elf.py ${CMAKE_BINARY_DIR}/stripped/true
            ${BAD_ELF_DIR}/tests/bad
    COMMAND ${CMAKE_COMMAND} -E touch ${BAD_ELF_DIR}/stamp
    DEPENDS ${TESTS_DIR}/make_bad_elf.py ${CMAKE_BINARY_DIR}/stripped/true VERBATIM)
list(APPEND INITRD_DEPENDS ${BAD_ELF_DIR}/stamp)
list(APPEND INITRD_ITEMS tests/bad=${BAD_ELF_DIR}/tests/bad)
