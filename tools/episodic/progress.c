/* progress.c - a bar on stderr for what takes long; only on a terminal, at most ten times a second, gone when done. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define BAR_WIDTH 30u
#define REDRAW_MS 100u

static uint64_t now_ms(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_begin(progress *p, const char *what) {
    const char *term = getenv("TERM");
    p->what = what;
    p->drawn_ms = now_ms(); /* what is done at once draws nothing */
    p->visible = isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

void progress_show(progress *p, uint64_t done, uint64_t total) {
    uint64_t now = now_ms();
    if (!p->visible || total == 0 || now - p->drawn_ms < REDRAW_MS) return;
    p->drawn_ms = now;
    double share = done < total ? (double)done / (double)total : 1.0;
    char bar[BAR_WIDTH + 1];
    for (size_t i = 0; i < BAR_WIDTH; i++) bar[i] = (double)i < share * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3d %%", p->what, bar, (int)(share * 100.0));
    fflush(stderr);
}

void progress_end(progress *p) {
    if (p->visible) fprintf(stderr, "\r\033[K");
    p->visible = false;
}
