// Functions of glibc that its Swift module hides because they stand behind _GNU_SOURCE.
#pragma once

#include <sys/types.h>

// glibc 2.28, Linux 3.15. renameat2(2)
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);

// glibc 2.30. getdents64(2)
ssize_t getdents64(int directory, void *buffer, size_t length);
