/* replay.c - feeds every file of a corpus folder to a fuzz target, without libFuzzer.
 *
 * The corpora hold what fuzzing once found interesting, and each input that broke something. Linked with
 * fuzz_<name>.c in all presets but fuzz, so that every compiler and sanitizer meets them. Fails when there is nothing
 * to replay: a test of no input would prove nothing.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole file in memory of exactly its size, so that AddressSanitizer sees a read past its end. */
static uint8_t *read_all(const char *path, size_t size) {
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    if (!data || !file || fread(data, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return data;
}

static size_t replay_folder(const char *folder) {
    size_t count = 0;
    DIR *entries = opendir(folder);
    if (!entries) return 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char path[PATH_MAX];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &about) || !S_ISREG(about.st_mode)) continue;
        uint8_t *data = read_all(path, (size_t)about.st_size);
        LLVMFuzzerTestOneInput(data, (size_t)about.st_size);
        free(data);
        count++;
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv) {
    size_t count = 0;
    for (int i = 1; i < argc; i++) count += replay_folder(argv[i]);
    printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
