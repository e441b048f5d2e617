/* traces_follow.h - filling traces from the columns of their space. */
#ifndef EPI_IMAGINE_TRACES_FOLLOW_H
#define EPI_IMAGINE_TRACES_FOLLOW_H

#include "traces.h"

/* Brings the traces to what the snapshot shows: from the looks they have not seen, or anew. With them to oneself; after
 * a failure they are loaded anew the next time. */
epi_status epi__traces_update(epi__traces *traces, epi__snapshot *snapshot);

#endif
