/* embed.cpp - the same as embed.c for C++11 hosts: handles in unique_ptr, failures as exceptions of the host's own.
 *
 *   c++ -std=c++11 embed.cpp $(pkg-config --cflags --libs haemnet) -pthread -o embed && ./embed model.safetensors slice.png...
 *
 * The library raises nothing and knows no exception; Error below belongs to the host. Each thread has a predictor of its own; all of
 * them share one model, which is immutable. */
#include <haemnet/haemnet.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace hn {

struct Error : std::runtime_error {
    hn_status status;
    explicit Error(const hn_error &e) : std::runtime_error(std::string(hn_status_name(e.status)) + ": " + e.message), status(e.status) {}
};

/* One deleter type a handle type: a unique_ptr stays as small as the pointer. */
template <typename T, void (*Free)(T *)> struct Delete {
    void operator()(T *handle) const { Free(handle); }
};
using Context = std::unique_ptr<hn_context, Delete<hn_context, hn_context_free>>;
using Model = std::unique_ptr<hn_model, Delete<hn_model, hn_model_free>>;
using Image = std::unique_ptr<hn_image, Delete<hn_image, hn_image_free>>;
using Predictor = std::unique_ptr<hn_predictor, Delete<hn_predictor, hn_predictor_free>>;

/* make<Model>(hn_model_load, ctx.get(), path): the handle that a function of the library gives, or its error as an exception. */
template <typename Handle, typename Function, typename... Args> Handle make(Function function, Args... args) {
    hn_error err = {};
    typename Handle::pointer out = nullptr;
    if (function(args..., &out, &err) != HN_OK) throw Error(err);
    return Handle(out);
}

inline hn_prediction predict(hn_predictor *predictor, const hn_image *image) {
    hn_error err = {};
    hn_prediction verdict = {};
    verdict.struct_size = sizeof verdict;
    if (hn_predict(predictor, image, &verdict, &err) != HN_OK) throw Error(err);
    return verdict;
}

} // namespace hn

static std::vector<char> read_file(const char *path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(std::string(path) + ": cannot be opened");
    return std::vector<char>(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/* What a thread does: its own predictor, one image. No exception may leave a thread, so the answer is a line of text. */
static std::string judge(hn_context *ctx, const hn_model *model, const char *path) {
    try {
        const std::vector<char> bytes = read_file(path);
        const hn::Image image = hn::make<hn::Image>(hn_image_decode, ctx, bytes.data(), bytes.size(), nullptr);
        const hn::Predictor predictor = hn::make<hn::Predictor>(hn_predictor_create, model, nullptr);
        const hn_prediction verdict = hn::predict(predictor.get(), image.get());
        char number[32];
        std::snprintf(number, sizeof number, " %.4f", verdict.probability);
        return hn_model_class_name(model, verdict.class_index) + std::string(number);
    } catch (const std::exception &e) {
        return std::string("failed: ") + e.what();
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: embed MODEL IMAGE...\n");
        return 2;
    }
    try {
        const hn::Context ctx = hn::make<hn::Context>(hn_context_create, nullptr);
        const hn::Model model = hn::make<hn::Model>(hn_model_load, ctx.get(), argv[1]);
        std::vector<std::string> verdicts(static_cast<std::size_t>(argc - 2));
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < verdicts.size(); i++)
            threads.emplace_back([&, i] { verdicts[i] = judge(ctx.get(), model.get(), argv[i + 2]); });
        for (std::thread &thread : threads) thread.join();
        int failed = 0;
        for (const std::string &verdict : verdicts) {
            std::printf("%s\n", verdict.c_str());
            failed |= verdict.compare(0, 7, "failed:") == 0;
        }
        return failed;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
