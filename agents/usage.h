/* usage.h - what every agent says of itself: its usage and its version when asked, its usage when it did not
 * understand.
 */
#ifndef EPISODIC_AGENT_USAGE_H
#define EPISODIC_AGENT_USAGE_H

#include <stdio.h>
#include <string.h>

#include <episodic/episodic.h>

/* For words that are no order: --help and --version (answered, 0), or wrong ones (told on stderr, 2). */
static inline int usage(const char *name, const char *text, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s (libepisodic %s)\n", name, EPI_VERSION_STRING, epi_version());
            return 0;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(text, stdout);
            return 0;
        }
    }
    fputs(text, stderr);
    return 2;
}

#endif
