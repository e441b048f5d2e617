/* extract.c - facts that the process's extractor adds to a step while it is drafted: before any lock of the store,
 * since it may ask a server.
 *
 * Extracted facts count as given. They are no part of the step's content: the same step with an external id stays the
 * same, whatever an extractor says of it the next time. A space's extractor is used under a shared lock, so that one
 * that is set aside is closed when the last call of it has returned.
 */
#include "extract.h"

#include "handle.h"

#define MODULE "memory"

void epi__extractor_close(epi__mirror *mirror) {
    epi_extractor *extractor = &mirror->extractor;
    if (extractor->extract && extractor->close) extractor->close(extractor->context);
    memset(extractor, 0, sizeof *extractor);
}

epi_status epi_space_extractor_give(epi_space *space, const epi_extractor *extractor) {
    EPI__TRY(epi__space_check_handle(space));
    if (extractor && extractor->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "extractor has version %u, expected 1", extractor->version);
    if (extractor && !extractor->extract) return epi__fail(EPI_EINVAL, MODULE, "the extractor has no function");
    epi__mirror *mirror = space->mirror;
    pthread_rwlock_wrlock(&mirror->extractor_lock);
    epi__extractor_close(mirror);
    if (extractor) mirror->extractor = *extractor;
    pthread_rwlock_unlock(&mirror->extractor_lock);
    return EPI_OK;
}

bool epi__extracts(epi__mirror *mirror) {
    pthread_rwlock_rdlock(&mirror->extractor_lock);
    bool extracts = mirror->extractor.extract != NULL;
    pthread_rwlock_unlock(&mirror->extractor_lock);
    return extracts;
}

/* ---- what is said ------------------------------------------------------------------------------------------------ */

static bool keep(const char **out, epi_extraction *to, const char *text) {
    if (text) *out = epi__arena_text(to->arena, text, strlen(text));
    return !text || *out;
}

epi_status epi_extraction_add(epi_extraction *to, const epi_fact *fact) {
    if (!to || !fact) return epi__fail(EPI_EINVAL, MODULE, "an argument was NULL");
    if (to->count == EPI_FACT_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the step would have %zu facts, limit %u", to->count + 1,
                         EPI_FACT_COUNT_MAX);
    epi_fact *kept = &to->facts[to->count];
    *kept = *fact;
    if (!keep(&kept->subject, to, fact->subject) || !keep(&kept->attribute, to, fact->attribute) ||
        !keep(&kept->value, to, fact->value))
        return epi__fail_memory(MODULE, sizeof *kept);
    to->count++;
    return EPI_OK;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static epi_status ask(epi_extraction *to, epi__mirror *mirror, const epi_step *step) {
    pthread_rwlock_rdlock(&mirror->extractor_lock);
    const epi_extractor *extractor = &mirror->extractor;
    epi_status status = extractor->extract ? extractor->extract(extractor->context, to, step) : EPI_OK;
    pthread_rwlock_unlock(&mirror->extractor_lock);
    if (!status || status == EPI_ENOMEM) return status;
    epi__store_log(mirror->store, "space \"%s\": a step was stored without extracted facts: %s", mirror->name,
                   epi_status_name(status));
    to->count = 0;
    return EPI_OK;
}

epi_status epi__extract(epi__draft *draft, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                        const epi_step *step) {
    if (step->flags & EPI_STEP_IMAGINED) return EPI_OK;
    epi_extraction *said = epi__arena_alloc(arena, 1, sizeof *said);
    if (!said) return epi__fail_memory(MODULE, sizeof *said);
    said->arena = arena;
    said->count = 0;
    EPI__TRY(ask(said, mirror, step));
    if (said->count == 0) return EPI_OK;
    draft->size -= draft->row.facts.size;
    draft->row.facts = (epi__view){0};
    return epi__draft_facts(draft, arena, &mirror->schema->schema, scratch, step, said);
}
