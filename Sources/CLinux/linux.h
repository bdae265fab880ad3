// Functions of glibc that its Swift module hides because they stand behind _GNU_SOURCE.
#pragma once

#include <spawn.h>
#include <sys/types.h>

// glibc 2.28, Linux 3.15. renameat2(2)
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);

// glibc 2.30. getdents64(2)
ssize_t getdents64(int directory, void *buffer, size_t length);

// glibc 2.9. pipe2(2)
int pipe2(int ends[2], int flags);

// glibc 2.27. memfd_create(2)
int memfd_create(const char *name, unsigned int flags);

// glibc 2.34
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// glibc 2.29
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

// Linux 5.3; by number, since glibc has it only from 2.36 on. pidfd_open(2)
long syscall(long number, ...);
static inline int dsl_pidfd_open(pid_t pid) { return (int)syscall(434, pid, 0); }
