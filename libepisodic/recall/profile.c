/* profile.c - the weights of the four kinds of recall profile. Which one a space gets is chosen in memory/profile.c.
 *
 * chat: set on LoCoMo-form human chats, in-sample (docs/ARCHITECTURE.md lists what else was tried): turns are short, so
 * length hardly counts, and what is covered around a step says more than what it has itself.
 * The others differ from it where their kind of text does, and were set on the made-up corpora of benchmarks/ with
 * seeds below 100 (benchmarks/README.md).
 */
#include "recall.h"

epi_recall_profile epi_recall_profile_default(void) {
    return (epi_recall_profile){.version = 1,
                                .lexical = 1.0,
                                .k1 = 1.0,
                                .b = 0.1,
                                .vector = 0.05,
                                .context = 2.8,
                                .episode = 1.1,
                                .speaker = 0.6,
                                .user = 0.0,
                                .question = -0.45,
                                .answer = 1.3,
                                .time = 1.25,
                                .time_fit = 1.0,
                                .crowd = 0.0,
                                .several = -0.2,
                                .hop = 0.5,
                                .recency = 0.02,
                                .recency_half_life_days = 30.0};
}

/* Long answers hold a word of everything, so length counts in full, and what the user said counts double; the turn
 * before an answer only repeats it. */
static epi_recall_profile assistant(void) {
    epi_recall_profile profile = epi_recall_profile_default();
    profile.b = 0.9;
    profile.context = 0.0;
    profile.episode = 0.2;
    profile.speaker = 0.0;
    profile.user = 1.0;
    profile.question = 0.0;
    profile.answer = 0.0;
    profile.time = 0.1;
    profile.hop = 0.0;
    return profile;
}

/* Texts that stand by themselves. */
static epi_recall_profile documents(void) {
    epi_recall_profile profile = assistant();
    profile.user = 0.0;
    profile.speaker = 0.2;
    return profile;
}

/* Nobody asks, and what happened in between is of something else. */
static epi_recall_profile events(void) {
    epi_recall_profile profile = epi_recall_profile_default();
    profile.context = 0.0;
    profile.episode = 0.2;
    profile.speaker = 0.3;
    profile.question = 0.0;
    profile.answer = 0.0;
    profile.time = 0.0;
    profile.several = 0.0;
    return profile;
}

epi_recall_profile epi_recall_profile_of(epi_profile_kind kind) {
    switch (kind) {
    case EPI_PROFILE_ASSISTANT: return assistant();
    case EPI_PROFILE_DOCUMENTS: return documents();
    case EPI_PROFILE_EVENTS: return events();
    case EPI_PROFILE_AUTO:
    case EPI_PROFILE_CHAT: break;
    }
    return epi_recall_profile_default();
}
