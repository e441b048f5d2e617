/* profile.h - the weights of a recall profile by name: to set them, to leave them out, to tune them. */
#ifndef EPI_BENCH_PROFILE_H
#define EPI_BENCH_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include <episodic/episodic.h>

typedef struct profile_weight {
    const char *name;
    size_t offset;
    bool signal;          /* adds to the score by itself, so it can be left out */
    const char *evidence; /* the signal whose value it weighs, so it can be learned; NULL: none */
    bool several;         /* ... when the cue asks for several things */
} profile_weight;

extern const profile_weight profile_weights[];
extern const size_t profile_weight_count;
#define PROFILE_WEIGHT_MAX 40 /* at least profile_weight_count */

double *profile_weight_of(epi_recall_profile *profile, const profile_weight *weight);
/* "name=value,name=value" over the chat profile, or over that of the kind named first: "events,hop=1". Ends the
 * program, saying why, when that is not what it says. */
epi_recall_profile profile_parse(const char *text);
/* The yardstick: BM25 over stemmed words with the usual constants, and nothing else. */
epi_recall_profile profile_bm25(void);

#endif
