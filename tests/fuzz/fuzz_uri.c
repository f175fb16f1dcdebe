/* fuzz_uri - endpoints from hostile text: any result is whole, any error has words. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "connector/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wh_error err = {0};
    char *uri = NULL;
    if (wh_strndup(&uri, (const char *)data, size, &err) != WH_OK)
        return 0;
    struct wh_endpoint e;
    if (wh_endpoint_parse(&e, uri, &err) == WH_OK) {
        assert(e.connector != NULL && e.location != NULL && e.location[0] != '\0');
        assert(wh_strv_len((const char *const *)e.options) % 2 == 0);
        wh_endpoint_release(&e);
    } else {
        assert(err.code != WH_OK && err.msg[0] != '\0');
    }
    free(uri);
    return 0;
}
