/* profile.c - the table of a recall profile's weights. Ranges are wide on purpose: a weight that ends at a border would
 * be a constant chosen by hand.
 */
#include "profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define WEIGHT(name, signal, low, high, step)                \
    {                                                        \
#name, offsetof(epi_recall_profile, name), signal, { \
            low, high, step                                  \
        }                                                    \
    }

/* Scores are compared with each other only, so one weight stays where it is: lexical. */
const profile_weight profile_weights[] = {
    WEIGHT(lexical, true, 1, 1, 0),
    WEIGHT(k1, false, 0.2, 3, 0.4),
    WEIGHT(b, false, 0, 1, 0.2),
    WEIGHT(vector, true, 0, 2, 0.1),
    WEIGHT(context, true, 0, 6, 0.8),
    WEIGHT(episode, true, 0, 4, 0.4),
    WEIGHT(speaker, true, 0, 4, 0.3),
    WEIGHT(user, true, 0, 4, 0.4),
    WEIGHT(question, true, -4, 0, 0.2),
    WEIGHT(answer, true, 0, 4, 0.4),
    WEIGHT(time, true, 0, 4, 0.4),
    WEIGHT(time_fit, true, 0, 4, 0.4),
    WEIGHT(crowd, true, -2, 0, 0.1),
    WEIGHT(several, true, -2, 0, 0.1),
    WEIGHT(hop, true, 0, 4, 0.2),
    WEIGHT(recency, true, 0, 1, 0.05),
    WEIGHT(recency_half_life_days, false, 1, 1, 0),
};
const size_t profile_weight_count = sizeof profile_weights / sizeof *profile_weights;
_Static_assert(sizeof profile_weights / sizeof *profile_weights <= PROFILE_WEIGHT_MAX, "room for every weight");

double *profile_weight_of(epi_recall_profile *profile, const profile_weight *weight) {
    return (double *)(void *)((char *)profile + weight->offset);
}

static void set_weight(epi_recall_profile *profile, const char *name, size_t size, double value) {
    for (size_t i = 0; i < profile_weight_count; i++) {
        if (strlen(profile_weights[i].name) != size || memcmp(profile_weights[i].name, name, size) != 0) continue;
        *profile_weight_of(profile, &profile_weights[i]) = value;
        return;
    }
    bench_fail("--profile: a profile has no weight \"%.*s\"", (int)size, name);
}

epi_recall_profile profile_parse(const char *text) {
    size_t first = strcspn(text, "=,");
    epi_recall_profile profile = epi_recall_profile_default();
    for (int kind = EPI_PROFILE_CHAT; kind <= EPI_PROFILE_EVENTS; kind++) {
        const char *name = epi_profile_name((epi_profile_kind)kind);
        if (strlen(name) != first || memcmp(text, name, first) != 0) continue;
        profile = epi_recall_profile_of((epi_profile_kind)kind);
        text += text[first] == ',' ? first + 1 : first;
    }
    for (const char *at = text; *at != '\0';) {
        size_t size = strcspn(at, "=,");
        char *end = NULL;
        if (at[size] != '=') bench_fail("--profile: \"%s\" is not name=value", at);
        double value = strtod(at + size + 1, &end);
        if (end == at + size + 1 || (*end != ',' && *end != '\0') || !isfinite(value))
            bench_fail("--profile: \"%s\" is not name=number", at);
        set_weight(&profile, at, size, value);
        at = *end == ',' ? end + 1 : end;
    }
    return profile;
}

epi_recall_profile profile_bm25(void) {
    epi_recall_profile profile = epi_recall_profile_default();
    for (size_t i = 0; i < profile_weight_count; i++)
        if (profile_weights[i].signal) *profile_weight_of(&profile, &profile_weights[i]) = 0.0;
    profile.lexical = 1.0;
    profile.k1 = 1.2;
    profile.b = 0.75;
    return profile;
}
