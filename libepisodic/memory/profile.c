/* profile.c - the recall profile of a space, chosen from counts that its state record keeps: how long its steps are,
 * how many end with a question mark, and how many were said by a user or an assistant (text/party.c). No labels, no
 * look at the texts, a few divisions: it is chosen again at every recall, so it follows what the space becomes.
 *
 *   assistant  an assistant said a fifth or more of the steps, at length
 *   documents  nobody is an assistant, and steps are long
 *   events     steps are short and nobody asks
 *   chat       all else, and a space too small to tell
 *
 * The borders were chosen on made-up corpora with seeds below 100 and what is known of human chats (LoCoMo: 11 words a
 * turn without stop words, a quarter ends with a question mark) and assistants' logs (100 and more words an answer);
 * they stand far from all of these.
 */
#include "profile.h"

#include <stdio.h>

#include "handle.h"

#define MODULE "memory"
#define STEPS_MIN 16u        /* fewer tell nothing */
#define ASSISTANT_SHARE 0.2  /* of the steps */
#define ASSISTANT_WORDS 30.0 /* mean of an assistant's steps, stop words not counted */
#define DOCUMENT_WORDS 45.0  /* mean of all steps */
#define QUESTION_SHARE 0.03  /* fewer: nobody asks */

void epi__profile_count(epi__state *state, const epi__row *row, int by) {
    uint64_t one = (uint64_t)(int64_t)by;
    if (row->flags & EPI__ROW_QUESTION) state->questions += one;
    if (row->flags & EPI__ROW_USER) state->user_steps += one;
    if (!(row->flags & EPI__ROW_ASSISTANT)) return;
    state->assistant_steps += one;
    state->assistant_words += one * row->length;
}

const char *epi_profile_name(epi_profile_kind kind) {
    switch (kind) {
    case EPI_PROFILE_AUTO: return "auto";
    case EPI_PROFILE_CHAT: return "chat";
    case EPI_PROFILE_ASSISTANT: return "assistant";
    case EPI_PROFILE_DOCUMENTS: return "documents";
    case EPI_PROFILE_EVENTS: return "events";
    }
    return "";
}

static double ratio(double part, uint64_t of) {
    return of ? part / (double)of : 0.0;
}

epi_profile_kind epi__profile_choose(char *reason, const epi__state *state) {
    char unused[EPI_PROFILE_REASON_SIZE];
    uint64_t steps = state->documents;
    double words = ratio((double)state->words / 4.0, steps), asking = ratio((double)state->questions, steps);
    double assistants = ratio((double)state->assistant_steps, steps);
    double answers = ratio((double)state->assistant_words / 4.0, state->assistant_steps);
    size_t size = EPI_PROFILE_REASON_SIZE;
    if (!reason) reason = unused;
    if (state->profile != EPI_PROFILE_AUTO) {
        snprintf(reason, size, "set for this space");
        return (epi_profile_kind)state->profile;
    }
    if (steps < STEPS_MIN) {
        snprintf(reason, size, "%u steps with words are too few to tell", (unsigned)steps);
        return EPI_PROFILE_CHAT;
    }
    if (assistants >= ASSISTANT_SHARE && answers >= ASSISTANT_WORDS) {
        snprintf(reason, size, "%.0f %% of the steps are an assistant's, of %.0f words", 100.0 * assistants, answers);
        return EPI_PROFILE_ASSISTANT;
    }
    snprintf(reason, size, "%.0f words a step, %.0f %% ask, %.0f %% are an assistant's", words, 100.0 * asking,
             100.0 * assistants);
    if (words >= DOCUMENT_WORDS) return EPI_PROFILE_DOCUMENTS;
    return asking < QUESTION_SHARE ? EPI_PROFILE_EVENTS : EPI_PROFILE_CHAT;
}

/* ---- set by the caller ------------------------------------------------------------------------------------------ */

epi_status epi_space_set_profile(epi_space *space, epi_profile_kind kind) {
    epi__change change;
    EPI__TRY(epi__space_check_handle(space));
    if (kind < EPI_PROFILE_AUTO || kind > EPI_PROFILE_EVENTS)
        return epi__fail(EPI_EINVAL, MODULE, "%d is no kind of profile", (int)kind);
    EPI__TRY(epi__change_begin(&change, space->mirror->store, space->mirror->space, false));
    change.state.profile = (uint64_t)kind;
    return epi__change_commit(&change, epi__store_now(space->mirror->store));
}
