/* standalone.c - runs a fuzz target over files and over the files of folders (not below them), without
 * libFuzzer. A folder that is missing or empty is a failure: its seeds were to be tried. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *data = NULL;
    int ok = file != NULL && fstat(fileno(file), &status) == 0;
    size_t size = ok ? (size_t)status.st_size : 0;
    /* exactly as many bytes as the file has, so that a read beyond them is seen; malloc(0) may be NULL */
    ok = ok && ((data = malloc(size)) != NULL || size == 0) && fread(data, 1, size, file) == size;
    if (ok)
        (void)LLVMFuzzerTestOneInput(data, size);
    else
        (void)fprintf(stderr, "could not read \"%s\": %s\n", path, strerror(errno));
    free(data);
    if (file != NULL)
        (void)fclose(file);
    return ok ? 1 : 0;
}

/* Gives the count of files run, 0 on failure. */
static int run_folder(const char *path, DIR *folder)
{
    int n = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >= (int)sizeof(file) ||
            !run_file(file))
            return 0;
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        int n = folder != NULL ? run_folder(argv[i], folder) : run_file(argv[i]);
        if (folder != NULL)
            (void)closedir(folder);
        if (n == 0) {
            (void)fprintf(stderr, "\"%s\": no input could be run\n", argv[i]);
            return 1;
        }
        total += n;
    }
    (void)printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
