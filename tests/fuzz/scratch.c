/* scratch.c - a folder for the memory of a fuzz target; see scratch.h. */
#include "scratch.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info, (void)type, (void)at;
    return remove(path);
}

static void remove_folder(void) {
    if (folder[0] != '\0') nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_folder(void) {
    static bool registered;
    remove_folder();
    snprintf(folder, sizeof folder, "%s/episodic-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL || (!registered && atexit(remove_folder) != 0)) abort();
    registered = true;
    return folder;
}
