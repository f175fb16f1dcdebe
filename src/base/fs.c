/* base/fs.c - files and folders that must survive a crash; see base/fs.h. */
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"

enum wh_status wh_path_join(char **out, const char *dir, const char *name, struct wh_error *err)
{
    size_t len = strlen(dir);
    const char *sep = len > 0 && dir[len - 1] == '/' ? "" : "/";
    return asprintf(out, "%s%s%s", dir, sep, name) < 0 ? wh_nomem(err) : WH_OK;
}

enum wh_status wh_path_split(char **dir, char **base, const char *path, struct wh_error *err)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    char *d = NULL;
    WH_TRY(start == 0 ? wh_strdup(&d, ".", err) : wh_strndup(&d, path, start == 1 ? 1 : start - 1, err));
    enum wh_status s = wh_strndup(base, path + start, end - start, err);
    if (s != WH_OK) {
        free(d);
        return s;
    }
    *dir = d;
    return WH_OK;
}

bool wh_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool wh_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

enum wh_status wh_make_dirs(const char *path, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *p = NULL;
    WH_TRY(wh_strdup(&p, path, err));
    for (char *slash = p + 1; *p != '\0'; slash++) {
        bool last = *slash == '\0';
        if (!last && *slash != '/')
            continue;
        *slash = '\0';
        if (mkdir(p, 0777) != 0 && errno != EEXIST)
            return wh_fail_errno(err, errno, "could not create folder \"%s\"", p);
        if (last)
            break;
        *slash = '/';
    }
    if (!wh_is_dir(path))
        return wh_fail(err, WH_CONFIG, "could not create folder \"%s\": a file of that name exists", path);
    return WH_OK;
}

enum wh_status wh_remove_file(const char *path, struct wh_error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return wh_fail_errno(err, errno, "could not remove \"%s\"", path);
    return WH_OK;
}

static enum wh_status remove_entries(DIR *d, const char *path, struct wh_error *err)
{
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        WH_CLEANUP(wh_freep) char *child = NULL;
        WH_TRY(wh_path_join(&child, path, e->d_name, err));
        WH_TRY(wh_remove_tree(child, err));
    }
    return WH_OK;
}

/* Depth is that of our own partition folders; links are removed, not followed. */
enum wh_status wh_remove_tree(const char *path, struct wh_error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? WH_OK : wh_fail_errno(err, errno, "could not remove \"%s\"", path);
    if (!S_ISDIR(st.st_mode))
        return wh_remove_file(path, err);
    DIR *d = opendir(path);
    if (d == NULL)
        return wh_fail_errno(err, errno, "could not remove folder \"%s\"", path);
    enum wh_status s = remove_entries(d, path, err);
    closedir(d);
    if (s == WH_OK && rmdir(path) != 0)
        s = wh_fail_errno(err, errno, "could not remove folder \"%s\"", path);
    return s;
}

enum wh_status wh_write_all(int fd, const char *path, const void *bytes, size_t n, struct wh_error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = write(fd, (const char *)bytes + done, n - done);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return wh_fail_errno(err, errno, "could not write \"%s\"", path);
        done += (size_t)w;
    }
    return WH_OK;
}

enum wh_status wh_pwrite_all(int fd, const char *path, const void *bytes, size_t n, uint64_t offset,
                             struct wh_error *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = pwrite(fd, (const char *)bytes + done, n - done, (off_t)(offset + done));
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return wh_fail_errno(err, errno, "could not write \"%s\"", path);
        done += (size_t)w;
    }
    return WH_OK;
}

enum wh_status wh_sync_fd(int fd, const char *path, struct wh_error *err)
{
    return fdatasync(fd) == 0 ? WH_OK : wh_fail_errno(err, errno, "could not make \"%s\" durable", path);
}

enum wh_status wh_sync_dir(const char *path, struct wh_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return wh_fail_errno(err, errno, "could not open folder \"%s\"", path);
    enum wh_status s =
        fsync(fd) == 0 ? WH_OK : wh_fail_errno(err, errno, "could not make folder \"%s\" durable", path);
    close(fd);
    return s;
}

static enum wh_status write_and_sync(const char *path, const void *bytes, size_t n, struct wh_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return wh_fail_errno(err, errno, "could not create \"%s\"", path);
    enum wh_status s = wh_write_all(fd, path, bytes, n, err);
    if (s == WH_OK)
        s = wh_sync_fd(fd, path, err);
    close(fd);
    return s;
}

enum wh_status wh_publish_file(const char *path, const void *bytes, size_t n, struct wh_error *err)
{
    WH_CLEANUP(wh_freep) char *dir = NULL, *base = NULL, *tmp = NULL;
    WH_TRY(wh_path_split(&dir, &base, path, err));
    if (asprintf(&tmp, "%s/.%s.tmp", dir, base) < 0) {
        tmp = NULL;
        return wh_nomem(err);
    }
    enum wh_status s = write_and_sync(tmp, bytes, n, err);
    if (s == WH_OK && rename(tmp, path) != 0)
        s = wh_fail_errno(err, errno, "could not rename \"%s\" to \"%s\"", tmp, path);
    if (s != WH_OK) {
        unlink(tmp);
        return s;
    }
    return wh_sync_dir(dir, err);
}

enum wh_status wh_read_file(struct wh_buffer *out, const char *path, size_t max, struct wh_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return wh_fail_errno(err, errno, "could not open \"%s\"", path);
    enum wh_status s = WH_OK;
    size_t start = out->size;
    for (;;) {
        s = wh_buffer_reserve(out, 65536, err);
        if (s != WH_OK)
            break;
        ssize_t r = read(fd, out->data + out->size, 65536);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            s = wh_fail_errno(err, errno, "could not read \"%s\"", path);
        if (r <= 0)
            break;
        out->size += (size_t)r;
        if (out->size - start > max) {
            s = wh_fail(err, WH_LIMIT, "could not read \"%s\": it is larger than %zu bytes", path, max);
            break;
        }
    }
    close(fd);
    return s;
}

/* Between open and flock the holder may have removed the file: then the lock is on a nameless one. */
static bool is_still_named(int fd, const char *path)
{
    struct stat by_fd, by_name;
    return fstat(fd, &by_fd) == 0 && stat(path, &by_name) == 0 && by_fd.st_ino == by_name.st_ino &&
           by_fd.st_dev == by_name.st_dev;
}

enum wh_status wh_lock_take(int *out, const char *path, struct wh_error *err)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return wh_fail_errno(err, errno, "could not create lock file \"%s\"", path);
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int why = errno;
            close(fd);
            if (why != EWOULDBLOCK)
                return wh_fail_errno(err, why, "could not lock \"%s\"", path);
            wh_fail(err, WH_STATE, "another run holds the lock \"%s\"", path);
            err->os_errno = why;
            return err->code;
        }
        if (is_still_named(fd, path)) {
            *out = fd;
            return WH_OK;
        }
        close(fd);
    }
}

void wh_lock_give(int fd, const char *path)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}
