/* views.c - what the options say of views, checked against the schema once, when a sampler is opened. */
#include "replay.h"

#define MODULE "replay"

const epi_role *epi__views_role(const epi_replay *replay, const char *name, int *place) {
    const epi_schema *schema = &replay->mirror->schema->schema;
    *place = epi__schema_role(schema, name, strlen(name));
    return *place < 0 ? NULL : &schema->roles[*place];
}

/* The role and the column of a name that an option gave. */
static epi_status find_column(const epi_role **role, int *column, const epi_replay *replay, const char *option,
                              const char *name) {
    int place = 0;
    if (!name) return epi__fail(EPI_EINVAL, MODULE, "%s was NULL", option);
    *role = epi__views_role(replay, name, &place);
    *column = *role ? replay->layout->role_column[place] : -1;
    if (*column >= 0) return EPI_OK;
    return epi__fail(EPI_EROLE, MODULE, "%s: the space has no column \"%s\"", option, name);
}

static epi_status resolve_sequences(epi_replay *replay) {
    const epi_replay_options *options = &replay->options;
    epi__views *views = &replay->views;
    const uint64_t span = (uint64_t)options->sequence_length + options->burn_in;
    const epi_role *role = NULL;
    if (options->sequence_length == 0) {
        if (options->burn_in || options->sequence_overlap || options->state_count)
            return epi__fail(EPI_EINVAL, MODULE, "burn-in, overlap or states were given without sequence_length");
        return EPI_OK;
    }
    if (span > EPI_SEQUENCE_LENGTH_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "sequences were to have %llu steps, limit %u", (unsigned long long)span,
                         EPI_SEQUENCE_LENGTH_MAX);
    if (options->sequence_overlap >= options->sequence_length)
        return epi__fail(EPI_EINVAL, MODULE, "sequences of %u steps were to overlap by %u", options->sequence_length,
                         options->sequence_overlap);
    if (options->state_count > EPI_STATE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu states were given, limit %u", options->state_count,
                         EPI_STATE_COUNT_MAX);
    if (options->state_count && !options->states) return epi__fail(EPI_EINVAL, MODULE, "states was NULL");
    views->span = (size_t)span;
    views->length = options->sequence_length;
    views->period = options->sequence_length - options->sequence_overlap;
    views->burn_in = options->burn_in;
    views->state_count = options->state_count;
    for (size_t i = 0; i < options->state_count; i++)
        EPI__TRY(find_column(&role, &views->states[i], replay, "states", options->states[i]));
    return EPI_OK;
}

static epi_status check_goals(const epi_role *achieved, const epi_role *desired) {
    if (achieved->dtype == desired->dtype && epi__schema_tensor_size(achieved) == epi__schema_tensor_size(desired))
        return EPI_OK;
    return epi__fail(EPI_ETYPE, MODULE, "\"%s\" and \"%s\" are not of one dtype and size", achieved->name,
                     desired->name);
}

static epi_status resolve_her(epi_replay *replay) {
    const epi_replay_options *options = &replay->options;
    epi__views *views = &replay->views;
    const epi_role *achieved = NULL, *desired = NULL;
    if (options->her == EPI_HER_NONE) return EPI_OK;
    if (options->her < EPI_HER_NONE || options->her > EPI_HER_EPISODE)
        return epi__fail(EPI_EINVAL, MODULE, "there is no way %d to choose goals", (int)options->her);
    if (views->length) return epi__fail(EPI_EINVAL, MODULE, "sequences cannot be relabelled");
    if (!options->her_reward) return epi__fail(EPI_EINVAL, MODULE, "her_reward was NULL");
    if (!(options->her_k >= 0 && options->her_k <= 1e9))
        return epi__fail(EPI_ENUMBER, MODULE, "her_k was %g, expected 0 to 1e9", options->her_k);
    EPI__TRY(find_column(&achieved, &views->achieved, replay, "her_achieved", options->her_achieved));
    EPI__TRY(find_column(&desired, &views->desired, replay, "her_desired", options->her_desired));
    views->relabels = true;
    return check_goals(achieved, desired);
}

epi_status epi__views_resolve(epi_replay *replay) {
    epi_replay_options *options = &replay->options;
    replay->views = (epi__views){.span = 1, .stack = EPI__MAX(options->frame_stack, 1u)};
    if (options->frame_stack > EPI_FRAME_STACK_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "frame_stack was %u, limit %u", options->frame_stack, EPI_FRAME_STACK_MAX);
    EPI__TRY(resolve_sequences(replay));
    EPI__TRY(resolve_her(replay));
    replay->views.has_windows = options->n_step > 1 || replay->views.relabels;
    options->states = NULL; /* the caller's, as these */
    options->her_achieved = options->her_desired = NULL;
    return EPI_OK;
}
