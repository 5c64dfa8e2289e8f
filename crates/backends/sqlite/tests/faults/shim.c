/* Stands between a process and libc: writes down what is done to the files of one folder, and makes calls fail.
 *
 * DOCKET_SHIM_FOLDER is that folder, DOCKET_SHIM_TRACE the file that gets the records, which lies elsewhere.
 * A record is written after its call, before the caller goes on: what stands in front of the beginning of a
 * sync was done before that sync began. A file named "notes" is the test's own: what is written to it becomes
 * a record and nothing is synced or refused. What is written to the file "rules" replaces the rules:
 *
 *     <call> <end of the file's name, or *> <errno> <calls to let pass> <calls to fail, or -1 for ever>
 *
 * where <call> is read, write, sync, truncate or open. ENOSPC and EDQUOT let a first half of a write pass, as
 * disks do. The file "-shm" is mapped, so nothing but its growth is seen here. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES_MAX = 4096, RULES_MAX = 16, NAME_MAX_BYTES = 256, THREAD_BYTES = 16 };

enum kind {
    OPEN = 1, CLOSE, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, UNLINK, RENAME, MKDIR, FAULT,
};

/* As the reader of the trace has it; the bytes that it counts follow. */
struct record {
    uint32_t kind;
    int32_t file;
    uint64_t at;
    uint64_t bytes;
    char thread[THREAD_BYTES];
};

struct rule {
    char call[16];
    char name[64];
    int error;
    long pass;
    long fail;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_bytes;
static int trace = -1;
static char names[FILES_MAX][NAME_MAX_BYTES];
static int owed[FILES_MAX];
static struct rule rules[RULES_MAX];
static int rules_count;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_mkdir)(const char *, mode_t);

static void die(const char *why)
{
    fprintf(stderr, "the shim of the fault tests: %s\n", why);
    abort();
}

static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        die(name);
    return found;
}

__attribute__((constructor)) static void start(void)
{
    *(void **)&real_open = find("open64");
    *(void **)&real_close = find("close");
    *(void **)&real_read = find("read");
    *(void **)&real_pread = find("pread64");
    *(void **)&real_write = find("write");
    *(void **)&real_pwrite = find("pwrite64");
    *(void **)&real_ftruncate = find("ftruncate64");
    *(void **)&real_fsync = find("fsync");
    *(void **)&real_fdatasync = find("fdatasync");
    *(void **)&real_unlink = find("unlink");
    *(void **)&real_rename = find("rename");
    *(void **)&real_mkdir = find("mkdir");
    const char *path = getenv("DOCKET_SHIM_TRACE");
    const char *watched = getenv("DOCKET_SHIM_FOLDER");
    if (path == NULL || watched == NULL)
        return;
    folder_bytes = strlen(watched);
    if (folder_bytes >= sizeof folder)
        die("the folder's name is too long");
    memcpy(folder, watched, folder_bytes + 1);
    trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0)
        die("cannot open the trace");
}

/* The name below the folder, "" for the folder itself; NULL for what lies elsewhere. */
static const char *inside(const char *path)
{
    if (trace < 0 || strncmp(path, folder, folder_bytes) != 0)
        return NULL;
    if (path[folder_bytes] == '\0')
        return path + folder_bytes;
    return path[folder_bytes] == '/' ? path + folder_bytes + 1 : NULL;
}

static int watched(int file)
{
    return file >= 0 && file < FILES_MAX && names[file][0] != '\0';
}

/* Names are kept with a '/' in front, so that the folder's own is not empty. */
static const char *name_of(int file)
{
    return names[file] + 1;
}

static int ends_with(const char *name, const char *end)
{
    size_t have = strlen(name), want = strlen(end);
    return have >= want && strcmp(name + have - want, end) == 0;
}

static int is_own(const char *name)
{
    return strcmp(name, "notes") == 0 || strcmp(name, "rules") == 0;
}

static void put(const void *data, size_t bytes)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t put = real_write(trace, from, bytes);
        if (put < 0 && errno != EINTR)
            die("cannot write the trace");
        if (put > 0) {
            from += put;
            bytes -= (size_t)put;
        }
    }
}

static void note(enum kind kind, int file, uint64_t at, const void *data, size_t bytes)
{
    int before = errno;
    struct record record = { .kind = kind, .file = file, .at = at, .bytes = bytes };
    pthread_getname_np(pthread_self(), record.thread, sizeof record.thread);
    pthread_mutex_lock(&lock);
    put(&record, sizeof record);
    put(data, bytes);
    pthread_mutex_unlock(&lock);
    errno = before;
}

static void note_name(enum kind kind, int file, uint64_t at, const char *name)
{
    note(kind, file, at, name, strlen(name));
}

static void read_rules(const char *text, size_t bytes)
{
    char copy[4096];
    if (bytes >= sizeof copy)
        die("too many rules");
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    pthread_mutex_lock(&lock);
    rules_count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct rule *rule = &rules[rules_count];
        if (rules_count == RULES_MAX ||
            sscanf(line, "%15s %63s %d %ld %ld", rule->call, rule->name, &rule->error,
                   &rule->pass, &rule->fail) != 5)
            die("cannot read a rule");
        rules_count++;
    }
    pthread_mutex_unlock(&lock);
}

/* The error that a call on a file must end with, or 0. */
static int fault(const char *call, const char *name)
{
    if (is_own(name))
        return 0;
    int error = 0;
    pthread_mutex_lock(&lock);
    for (int at = 0; at < rules_count && error == 0; at++) {
        struct rule *rule = &rules[at];
        if (strcmp(rule->call, call) != 0 ||
            !(strcmp(rule->name, "*") == 0 || ends_with(name, rule->name)))
            continue;
        if (rule->pass > 0) {
            rule->pass--;
        } else if (rule->fail != 0) {
            rule->fail -= rule->fail > 0;
            error = rule->error;
        }
    }
    pthread_mutex_unlock(&lock);
    if (error != 0)
        note_name(FAULT, error, 0, name);
    return error;
}

static int fails(const char *call, const char *name)
{
    int error = fault(call, name);
    if (error != 0)
        errno = error;
    return error != 0;
}

static int opened(const char *path, int flags, mode_t mode)
{
    const char *name = inside(path);
    if (name == NULL)
        return real_open(path, flags, mode);
    if (fails("open", name))
        return -1;
    struct stat found;
    int made = (flags & O_CREAT) != 0 && stat(path, &found) != 0;
    int file = real_open(path, flags, mode);
    if (file < 0)
        return file;
    if (file >= FILES_MAX || strlen(name) + 2 > NAME_MAX_BYTES)
        die("too many files, or a long name");
    names[file][0] = '/';
    strcpy(names[file] + 1, name);
    owed[file] = 0;
    note_name(OPEN, file, (uint64_t)made | (uint64_t)((flags & O_TRUNC) != 0) << 1, name);
    return file;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(rest, int) : 0;
}

#define OPENS(function)                                                                            \
    int function(const char *path, int flags, ...)                                                 \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = mode_of(flags, rest);                                                        \
        va_end(rest);                                                                              \
        return opened(path, flags, mode);                                                          \
    }

OPENS(open)
OPENS(open64)

int close(int file)
{
    if (watched(file)) {
        note(CLOSE, file, 0, "", 0);
        names[file][0] = '\0';
    }
    return real_close(file);
}

ssize_t read(int file, void *data, size_t bytes)
{
    if (watched(file) && fails("read", name_of(file)))
        return -1;
    return real_read(file, data, bytes);
}

ssize_t pread64(int file, void *data, size_t bytes, off64_t at)
{
    if (watched(file) && fails("read", name_of(file)))
        return -1;
    return real_pread(file, data, bytes, at);
}

ssize_t pread(int file, void *data, size_t bytes, off_t at)
{
    return pread64(file, data, bytes, at);
}

/* How much of a write may pass: all of it, half of it, or -1. */
static ssize_t allowed(int file, size_t bytes)
{
    int error = fault("write", name_of(file));
    if (error == 0)
        return (ssize_t)bytes;
    if ((error == ENOSPC || error == EDQUOT) && bytes > 1)
        return (ssize_t)(bytes / 2);
    errno = error;
    return -1;
}

ssize_t write(int file, const void *data, size_t bytes)
{
    if (!watched(file))
        return real_write(file, data, bytes);
    if (strcmp(name_of(file), "rules") == 0) {
        read_rules(data, bytes);
        return (ssize_t)bytes;
    }
    ssize_t may = allowed(file, bytes);
    if (may < 0)
        return -1;
    ssize_t put = real_write(file, data, (size_t)may);
    if (put > 0)
        note(WRITE, file, (uint64_t)(lseek64(file, 0, SEEK_CUR) - put), data, (size_t)put);
    return put;
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t at)
{
    if (!watched(file))
        return real_pwrite(file, data, bytes, at);
    ssize_t may = allowed(file, bytes);
    if (may < 0)
        return -1;
    ssize_t put = real_pwrite(file, data, (size_t)may, at);
    if (put > 0)
        note(WRITE, file, (uint64_t)at, data, (size_t)put);
    return put;
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t at)
{
    return pwrite64(file, data, bytes, at);
}

int ftruncate64(int file, off64_t bytes)
{
    if (!watched(file))
        return real_ftruncate(file, bytes);
    if (fails("truncate", name_of(file)))
        return -1;
    int done = real_ftruncate(file, bytes);
    if (done == 0)
        note(TRUNCATE, file, (uint64_t)bytes, "", 0);
    return done;
}

int ftruncate(int file, off_t bytes)
{
    return ftruncate64(file, bytes);
}

/* Whether a sync fails. Linux tells of a failure each one who has the file open, once. */
static int sync_fails(int file)
{
    int error = fault("sync", name_of(file));
    pthread_mutex_lock(&lock);
    for (int other = 0; error != 0 && other < FILES_MAX; other++)
        if (other != file && strcmp(names[other], names[file]) == 0)
            owed[other] = error;
    if (error == 0)
        error = owed[file];
    owed[file] = 0;
    pthread_mutex_unlock(&lock);
    errno = error;
    return error != 0;
}

/* The end says whether it worked. */
static int synced(int file, int (*real)(int))
{
    if (!watched(file))
        return real(file);
    note(SYNC_BEGIN, file, 0, "", 0);
    int done = sync_fails(file) ? -1 : real(file);
    note(SYNC_END, file, done == 0, "", 0);
    return done;
}

int fsync(int file)
{
    return synced(file, real_fsync);
}

int fdatasync(int file)
{
    return synced(file, real_fdatasync);
}

int unlink(const char *path)
{
    const char *name = inside(path);
    int done = real_unlink(path);
    if (name != NULL && done == 0)
        note_name(UNLINK, -1, 0, name);
    return done;
}

/* Both names, with a line's end between them. */
int rename(const char *from, const char *to)
{
    const char *old = inside(from), *new = inside(to);
    if ((old == NULL) != (new == NULL))
        die("a file is renamed into the folder or out of it");
    int done = real_rename(from, to);
    if (old != NULL && done == 0) {
        char both[2 * PATH_MAX];
        int bytes = snprintf(both, sizeof both, "%s\n%s", old, new);
        note(RENAME, -1, 0, both, (size_t)bytes);
    }
    return done;
}

int mkdir(const char *path, mode_t mode)
{
    const char *name = inside(path);
    int done = real_mkdir(path, mode);
    if (name != NULL && done == 0)
        note_name(MKDIR, -1, 0, name);
    return done;
}

/* What follows would go past the records. Copies have another way that does not; the rest must not be used. */

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t bytes,
                        unsigned int flags)
{
    (void)from, (void)from_at, (void)to, (void)to_at, (void)bytes, (void)flags;
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t bytes)
{
    (void)from, (void)to, (void)at, (void)bytes;
    errno = ENOSYS;
    return -1;
}

ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t bytes,
               unsigned int flags)
{
    (void)from, (void)from_at, (void)to, (void)to_at, (void)bytes, (void)flags;
    errno = ENOSYS;
    return -1;
}

static void refuse(int file, const char *call)
{
    if (watched(file))
        die(call);
}

ssize_t writev(int file, const struct iovec *pieces, int count)
{
    refuse(file, "writev");
    ssize_t (*real)(int, const struct iovec *, int);
    *(void **)&real = find("writev");
    return real(file, pieces, count);
}

ssize_t pwritev64(int file, const struct iovec *pieces, int count, off64_t at)
{
    refuse(file, "pwritev64");
    ssize_t (*real)(int, const struct iovec *, int, off64_t);
    *(void **)&real = find("pwritev64");
    return real(file, pieces, count, at);
}

int fallocate64(int file, int mode, off64_t at, off64_t bytes)
{
    refuse(file, "fallocate64");
    (void)mode, (void)at, (void)bytes;
    errno = EOPNOTSUPP;
    return -1;
}

int posix_fallocate64(int file, off64_t at, off64_t bytes)
{
    refuse(file, "posix_fallocate64");
    (void)at, (void)bytes;
    return EOPNOTSUPP;
}
