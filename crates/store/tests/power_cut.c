/* A disk that forgets what was not synced: after each fsync or fdatasync of a file in the folder $SHADOW_OF, a copy of it as
 * it is then stands in $SHADOW_TO; after a sync of the folder, what was removed from it is removed there, too. Those copies
 * are what a power cut leaves. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void copy_file(int fd, const char *name, const char *to) {
    char part[PATH_MAX], whole[PATH_MAX];
    static char buffer[1 << 16];
    snprintf(whole, sizeof whole, "%s/%s", to, name);
    snprintf(part, sizeof part, "%s.part", whole);
    int out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t place = 0;
    ssize_t n = 0;
    /* Read through the descriptor that is there: closing another one would end SQLite's locks on the file. */
    while (out >= 0 && (n = pread(fd, buffer, sizeof buffer, place)) > 0) {
        if (write(out, buffer, n) != n)
            abort();
        place += n;
    }
    /* A kill before the rename leaves the copy of the sync before. */
    if (out < 0 || n < 0 || close(out) || rename(part, whole))
        abort();
}

static void copy_removals(const char *of, const char *to) {
    char path[PATH_MAX];
    DIR *folder = opendir(to);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", of, entry->d_name);
        if (entry->d_type == DT_REG && access(path, F_OK)) {
            snprintf(path, sizeof path, "%s/%s", to, entry->d_name);
            unlink(path);
        }
    }
    if (folder)
        closedir(folder);
}

static void copy(int fd) {
    const char *of = getenv("SHADOW_OF"), *to = getenv("SHADOW_TO");
    char link[64], path[PATH_MAX];
    struct stat about;
    if (!of || !to || fstat(fd, &about))
        return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return;
    path[length] = 0;
    pthread_mutex_lock(&one_at_a_time);
    if (S_ISDIR(about.st_mode) && !strcmp(path, of))
        copy_removals(of, to);
    if (S_ISREG(about.st_mode) && !strncmp(path, of, strlen(of)))
        copy_file(fd, strrchr(path, '/') + 1, to);
    pthread_mutex_unlock(&one_at_a_time);
}

int fsync(int fd) {
    int result = syscall(SYS_fsync, fd);
    copy(fd);
    return result;
}

int fdatasync(int fd) {
    int result = syscall(SYS_fdatasync, fd);
    copy(fd);
    return result;
}
