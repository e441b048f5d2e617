/* profile.c - the table of a recall profile's weights. */
#include "profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define WEIGHT(name) \
    { #name, offsetof(epi_recall_profile, name), true, #name, false }
#define SEVERAL(name) \
    { "several_" #name, offsetof(epi_recall_profile, several_##name), true, #name, true }
#define OTHER(name, signal) \
    { #name, offsetof(epi_recall_profile, name), signal, NULL, false }

/* lexical first: scores are compared with each other only, and it is their unit. */
const profile_weight profile_weights[] = {
    WEIGHT(lexical),      OTHER(k1, false),
    OTHER(b, false),      WEIGHT(vector),
    WEIGHT(context),      OTHER(reach, false),
    WEIGHT(episode),      WEIGHT(speaker),
    WEIGHT(user),         WEIGHT(question),
    WEIGHT(answer),       WEIGHT(time),
    WEIGHT(time_fit),     OTHER(crowd, true),
    OTHER(several, true), WEIGHT(hop),
    WEIGHT(opening),      WEIGHT(news),
    WEIGHT(self),         WEIGHT(past),
    OTHER(recency, true), OTHER(recency_half_life_days, false),
    SEVERAL(context),     SEVERAL(episode),
    SEVERAL(speaker),     SEVERAL(opening),
    SEVERAL(news),
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
