/* locomo_measures.c - how much of a question's evidence a ranking brought back. */
#include <math.h>

#include "locomo.h"

static bool is_evidence(const locomo_question *question, const locomo_turn *turn) {
    for (size_t i = 0; i < question->evidence_count; i++)
        if (question->evidence[i] == turn) return true;
    return false;
}

static bool holds_evidence(const locomo_question *question, size_t session) {
    for (size_t i = 0; i < question->evidence_count; i++)
        if (question->evidence[i]->session == session) return true;
    return false;
}

/* Whether no turn before this one is of its session. */
static bool opens_session(const locomo_turn *const *turns, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (turns[i]->session == turns[at]->session) return false;
    return true;
}

double locomo_recall_at(const locomo_question *question, const locomo_turn *const *hits, size_t count, size_t k) {
    size_t found = 0;
    for (size_t i = 0; i < count && i < k; i++) found += is_evidence(question, hits[i]);
    return (double)found / (double)question->evidence_count;
}

double locomo_session_hit(const locomo_question *question, const locomo_turn *const *hits, size_t count) {
    return count > 0 && holds_evidence(question, hits[0]->session) ? 1.0 : 0.0;
}

double locomo_session_ndcg(const locomo_question *question, const locomo_turn *const *hits, size_t count,
                           size_t depth) {
    double gain = 0.0;
    double ideal = 0.0;
    size_t relevant = 0;
    for (size_t i = 0, seen = 0; i < count && seen < depth; i++) {
        if (!opens_session(hits, i)) continue;
        seen++;
        if (holds_evidence(question, hits[i]->session)) gain += 1.0 / log2((double)seen + 1.0);
    }
    for (size_t i = 0; i < question->evidence_count && relevant < depth; i++)
        if (opens_session(question->evidence, i)) ideal += 1.0 / log2((double)++relevant + 1.0);
    return gain / ideal;
}
