/* profile.c - the weights of the four kinds of recall profile. Which one a space gets is chosen in memory/profile.c.
 *
 * chat: set on LoCoMo-form human chats, in-sample (docs/ARCHITECTURE.md lists what else was tried): turns are short, so
 * length hardly counts, and what is covered around a step says more than what it has itself. How much a step tells by
 * itself counts too; and what is asked of several things lies apart, in steps that nobody asked for.
 * The others differ from it where their kind of text does, and were set on the made-up corpora of benchmarks/ with
 * seeds below 100 (benchmarks/README.md).
 */
#include <math.h>

#include "recall.h"

epi_recall_profile epi_recall_profile_default(void) {
    return (epi_recall_profile){.version = 1,
                                .lexical = 1.0,
                                .k1 = 1.0,
                                .b = 0.3,
                                .vector = 0.35,
                                .beside = 1.0,
                                .context = 2.5,
                                .reach = 4.0,
                                .episode = 1.7,
                                .speaker = 0.7,
                                .user = 0.0,
                                .question = -0.35,
                                .answer = 1.5,
                                .time = 1.3,
                                .time_fit = 1.1,
                                .crowd = 0.0,
                                .several = 0.0,
                                .hop = 0.4,
                                .opening = 0.25,
                                .news = 1.8,
                                .self = 0.4,
                                .past = 0.25,
                                .recency = 0.02,
                                .recency_half_life_days = 30.0,
                                .several_context = -0.35,
                                .several_episode = -1.1,
                                .several_speaker = 0.9,
                                .several_opening = 0.35,
                                .several_news = 0.4};
}

/* How much a step tells, and what a question for several things wants, helps where people talk with each other. */
static void tell_nothing(epi_recall_profile *profile) {
    profile->opening = profile->news = profile->self = profile->past = 0.0;
    profile->several_context = profile->several_episode = profile->several_speaker = 0.0;
    profile->several_opening = profile->several_news = 0.0;
}

/* Long answers hold a word of everything, so length counts, and what the user said counts double. What stands beside a
 * turn mostly repeats it. */
static epi_recall_profile assistant(void) {
    epi_recall_profile profile = epi_recall_profile_default();
    tell_nothing(&profile);
    profile.self = epi_recall_profile_default().self;
    profile.past = epi_recall_profile_default().past;
    profile.b = 0.75;
    profile.vector = 0.05;
    profile.context = 0.4;
    profile.reach = 1.0;
    profile.episode = 0.2;
    profile.speaker = 0.0;
    profile.user = 1.0;
    profile.question = 0.0;
    profile.answer = 0.0;
    profile.time = 0.3;
    profile.hop = 0.0;
    return profile;
}

/* Texts that stand by themselves. */
static epi_recall_profile documents(void) {
    epi_recall_profile profile = assistant();
    profile.context = 0.0;
    profile.user = 0.0;
    profile.speaker = 0.2;
    return profile;
}

/* Nobody asks, and much of what happened in between is of something else. */
static epi_recall_profile events(void) {
    epi_recall_profile profile = epi_recall_profile_default();
    tell_nothing(&profile);
    profile.vector = 0.05;
    profile.context = 0.6;
    profile.episode = 0.3;
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

epi_status epi__profile_check(const epi_recall_profile *p) {
    double sum = p->lexical + p->k1 + p->b + p->vector + p->beside + p->context + p->reach + p->episode + p->speaker +
                 p->user + p->question + p->answer + p->time + p->time_fit + p->crowd + p->several + p->hop +
                 p->opening + p->news + p->self + p->past + p->recency + p->recency_half_life_days +
                 p->several_context + p->several_episode + p->several_speaker + p->several_opening + p->several_news;
    if (p->version != 1)
        return epi__fail(EPI_EINVAL, "recall", "recall profile has version %u, expected 1", p->version);
    if (!isfinite(sum) || p->k1 < 0 || p->b < 0 || p->b > 1 || p->time_fit < 0 || p->reach < 0 ||
        p->reach > EPI__REACH || p->crowd > 0 || p->several > 0 || p->recency_half_life_days <= 0)
        return epi__fail(EPI_EINVAL, "recall", "the recall profile has a weight out of range");
    return EPI_OK;
}

void epi__profile_several(epi_recall_profile *p) {
    p->context += p->several_context;
    p->episode += p->several_episode;
    p->speaker += p->several_speaker;
    p->opening += p->several_opening;
    p->news += p->several_news;
}
