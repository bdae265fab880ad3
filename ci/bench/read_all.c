// Opens and reads every regular *.json file of a directory, and does nothing with the content: the least a program can
// do that looks into each record.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return 64;
  DIR *directory = opendir(argv[1]);
  if (!directory) return 1;
  static char buffer[1 << 20];
  long files = 0, bytes = 0;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    size_t length = strlen(entry->d_name);
    if (length < 5 || strcmp(entry->d_name + length - 5, ".json")) continue;
    int file = openat(dirfd(directory), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) continue;
    ssize_t got;
    while ((got = read(file, buffer, sizeof buffer)) > 0) bytes += got;
    close(file);
    files++;
  }
  closedir(directory);
  printf("files=%ld bytes=%ld\n", files, bytes);
  return 0;
}
