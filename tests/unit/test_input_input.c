/* Files as bytes: every compression, cut and damaged ones, files that change. */
#include "format/input.h"
#include "support/test.h"

static _Atomic bool cancelled;
static struct wh_context context = {.cancelled = &cancelled};

static void append_rows(struct wh_buffer *b, int n)
{
    for (int i = 0; i < n; i++)
        must(wh_buffer_printf(b, err, "%d,row number %d\n", i, i * 7));
}

/* Everything that the input gives, read in pieces of n bytes. */
static enum wh_status read_all(const char *path, size_t n, struct wh_buffer *out, struct wh_error *err)
{
    struct wh_file f;
    struct wh_input *in = NULL;
    enum wh_status s = wh_file_init(&f, path, err);
    if (s != WH_OK)
        return s;
    s = wh_input_open(&in, &f, &context, err);
    for (size_t got = 1; s == WH_OK && got > 0;) {
        s = wh_buffer_reserve(out, n, err);
        if (s == WH_OK)
            s = wh_input_read(in, out->data + out->size, n, &got, err);
        if (s == WH_OK)
            out->size += got;
    }
    wh_input_close(in);
    wh_file_release(&f);
    return s;
}

static const enum wh_compression all[] = {WH_PLAIN, WH_GZIP, WH_ZSTD, WH_LZ4, WH_BZIP2, WH_XZ};

static void frames_come_back_whatever_the_pieces(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    append_rows(&text, 30000);
    for (size_t i = 0; i < WH_COUNT(all); i++) {
        struct wh_buffer packed = {0};
        size_t half = text.size / 2;
        must(wh_compress_frame(all[i], 0, text.data, half, &packed, err));
        must(wh_compress_frame(all[i], 1, text.data + half, text.size - half, &packed, err));
        put_bytes("x.bin", packed.data, packed.size);
        static const size_t pieces[] = {1000, 4096, 1 << 20};
        for (size_t k = 0; k < WH_COUNT(pieces); k++) {
            struct wh_buffer back = {0};
            must(read_all("x.bin", pieces[k], &back, err));
            assert_int_equal(back.size, text.size);
            assert_memory_equal(back.data, text.data, text.size);
            wh_buffer_release(&back);
        }
        wh_buffer_release(&packed);
    }
    wh_buffer_release(&text);
}

static void a_cut_stream_is_an_error(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    append_rows(&text, 3000);
    for (size_t i = 1; i < WH_COUNT(all); i++) {
        struct wh_buffer packed = {0};
        must(wh_compress_frame(all[i], 0, text.data, text.size, &packed, err));
        for (size_t cut = 1; cut < 6; cut++) {
            put_bytes("cut.bin", packed.data, packed.size - packed.size * cut / 7);
            struct wh_buffer back = {0};
            struct wh_error err = {0};
            assert_int_equal(read_all("cut.bin", 4096, &back, &err), WH_DATA);
            wh_buffer_release(&back);
        }
        wh_buffer_release(&packed);
    }
    wh_buffer_release(&text);
}

static void damage_is_an_error_or_is_not_there(void **state)
{
    (void)state;
    struct wh_buffer text = {0};
    append_rows(&text, 3000);
    for (size_t i = 1; i < WH_COUNT(all); i++) {
        struct wh_buffer packed = {0};
        must(wh_compress_frame(all[i], 0, text.data, text.size, &packed, err));
        packed.data[packed.size / 2] ^= 0x55;
        put_bytes("bad.bin", packed.data, packed.size);
        struct wh_buffer back = {0};
        struct wh_error err = {0};
        enum wh_status s = read_all("bad.bin", 65536, &back, &err);
        bool unnoticed = all[i] == WH_ZSTD && s == WH_OK; /* frames without a checksum may not notice */
        assert_true(s == WH_DATA || unnoticed);
        wh_buffer_release(&back);
        wh_buffer_release(&packed);
    }
    wh_buffer_release(&text);
}

static void a_bomb_is_refused(void **state)
{
    (void)state;
    struct wh_buffer zeros = {0}, packed = {0}, back = {0};
    must(wh_buffer_resize(&zeros, (size_t)96 << 20, err));
    memset(zeros.data, 0, zeros.size);
    must(wh_compress_frame(WH_ZSTD, 0, zeros.data, zeros.size, &packed, err));
    put_bytes("bomb.zst", packed.data, packed.size);
    must_fail(read_all("bomb.zst", 1 << 20, &back, err), WH_LIMIT,
              "could not decompress \"bomb.zst\": more than 250 bytes come out of each byte");
    wh_buffer_release(&zeros);
    wh_buffer_release(&packed);
    wh_buffer_release(&back);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct wh_file f;
    must_fail(wh_file_init(&f, "none.csv", err), WH_CONFIG,
              "could not open file \"none.csv\": No such file or directory");
    must(wh_make_dirs("folder", err));
    must_fail(wh_file_init(&f, "folder", err), WH_CONFIG, "could not open file \"folder\": it is a folder");
}

static void a_changed_file_is_noticed(void **state)
{
    (void)state;
    struct wh_file f;
    put_file("c.csv", "a\n1\n");
    must(wh_file_init(&f, "c.csv", err));
    must(wh_file_unchanged(&f, err));
    put_file("c.csv", "a\n12\n");
    must_fail(wh_file_unchanged(&f, err), WH_DATA, "file \"c.csv\" changed while it was read");
    assert_int_equal(unlink("c.csv"), 0);
    must_fail(wh_file_unchanged(&f, err), WH_DATA,
              "file \"c.csv\" vanished while it was read: No such file or directory");
    wh_file_release(&f);
}

static void unread_bytes_come_first(void **state)
{
    (void)state;
    struct wh_file f;
    struct wh_input *in = NULL;
    char piece[8];
    size_t got = 0;
    put_file("u.csv", "abcdef");
    must(wh_file_init(&f, "u.csv", err));
    must(wh_input_open(&in, &f, &context, err));
    must(wh_input_read(in, piece, 4, &got, err));
    must(wh_input_unread(in, "cd", 2, err));
    must(wh_input_unread(in, "ab", 2, err));
    must(wh_input_read(in, piece, sizeof piece, &got, err));
    assert_int_equal(got, 4);
    assert_memory_equal(piece, "abcd", 4);
    must(wh_input_read(in, piece, sizeof piece, &got, err));
    assert_memory_equal(piece, "ef", 2);
    wh_input_close(in);
    wh_file_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_whatever_the_pieces),
        cmocka_unit_test(a_cut_stream_is_an_error),
        cmocka_unit_test(damage_is_an_error_or_is_not_there),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(a_changed_file_is_noticed),
        cmocka_unit_test(unread_bytes_come_first),
    };
    return cmocka_run_group_tests_name("format/input", tests, enter_folder, leave_folder);
}
