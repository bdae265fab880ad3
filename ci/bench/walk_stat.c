// Walks a directory and stats every *.json entry: the least a program can do that notices changed files.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  DIR *directory = opendir(argv[1]);
  if (!directory) return 1;
  long files = 0, bytes = 0;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    size_t length = strlen(entry->d_name);
    if (length < 5 || strcmp(entry->d_name + length - 5, ".json")) continue;
    struct stat status;
    if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW)) continue;
    files++;
    bytes += status.st_size;
  }
  closedir(directory);
  printf("files=%ld bytes=%ld\n", files, bytes);
  return 0;
}
