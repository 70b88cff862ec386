// llama-chat: renders chats with a model's chat template by llama.cpp's own engine, as llama-server does. Needs no model, since
// the caller passes what a template uses of the vocabulary. Linked like llama.cpp's tools.
//
// Reads lines of JSON on standard input, first the template, then a chat per line in the format of OpenAI's API:
//
//   {"template": "...", "toolUse": null, "bos": "<s>", "eos": "</s>"}
//   {"messages": [{"role": "user", "content": "Hello"}], "tools": [], "addGenerationPrompt": true, "options": {"enable_thinking": false}}
//
// `toolUse` is the template named tool_use, which llama.cpp prefers for chats with tools. `options` are further variables of the
// template; without `enable_thinking`, models that support thinking think. With `answer`, a text that the model generated after
// the rendered chat, the answer is parsed as llama-server does. Prints a JSON line per chat, one of
//
//   {"kind": "text", "text": "...", "thinking": true}
//   {"kind": "parsed", "calls": [{"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}]}
//   {"kind": "rejected", "reason": "..."}
//   {"kind": "unparsable", "reason": "..."}
//
// The date is always 26 July 2024 (UTC), so that the same chat is the same text on every day. Memory is limited to 1 GiB. A
// failure ends the program with a line on stderr and exit code 1.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <new>

#include "chat.h"
#include "log.h"

/// Replaces the C library's in this program and its libraries; templates call it by `strftime_now`.
extern "C" std::time_t time(std::time_t * out) noexcept {
    constexpr std::time_t noon = 1721995200;
    if (out != nullptr) *out = noon;
    return noon;
}

namespace {

using json = common_json;

/// What llama-server passes as today's date, by name.
const std::map<std::string, std::string> dates = {{"datetime", "\"Jul 26 2024\""}, {"date_string", "\"26 Jul 2024\""}};

/// The templates of a model; llama.cpp itself takes both only from a loaded model.
class Templates {
public:
    explicit Templates(const json & model) {
        const std::string bos = model.at("bos").get<std::string>(), eos = model.at("eos").get<std::string>();
        main_.reset(new Entry(model.at("template").get<std::string>(), bos, eos));
        if (model.at("toolUse").is_null()) return;
        try {
            tool_use_.reset(new Entry(model.at("toolUse").get<std::string>(), bos, eos));
        } catch (const std::exception &) {
            // As in llama.cpp, the main template is used instead.
        }
    }

    json render(const json & chat) const {
        common_chat_templates_inputs inputs;
        inputs.messages              = common_chat_msgs_parse_oaicompat(chat.at("messages"));
        inputs.tools                 = common_chat_tools_parse_oaicompat(chat.at("tools"));
        inputs.add_generation_prompt = chat.at("addGenerationPrompt").get<bool>();
        inputs.reasoning_format      = COMMON_REASONING_FORMAT_DEEPSEEK;
        inputs.parallel_tool_calls   = true;
        inputs.chat_template_kwargs  = dates;
        for (const auto & [name, value] : chat.at("options").items()) inputs.chat_template_kwargs[name] = value.dump();
        const Entry & entry = tool_use_ && !inputs.tools.empty() ? *tool_use_ : *main_;
        const json & options = chat.at("options");
        inputs.enable_thinking = options.contains("enable_thinking") ? options.at("enable_thinking").get<bool>() : entry.thinking;
        json message = {{"kind", "text"}};
        const common_chat_params params = common_chat_templates_apply(entry.templates.get(), inputs);
        if (chat.contains("answer")) return parse(params, chat.at("answer").get<std::string>());
        message["text"] = params.prompt;
        message["thinking"] = inputs.enable_thinking;
        return message;
    }

private:
    static json parse(const common_chat_params & params, const std::string & answer) {
        common_chat_parser_params format(params);
        format.reasoning_format = COMMON_REASONING_FORMAT_DEEPSEEK;
        if (!params.parser.empty()) format.parser.load(params.parser);
        json calls = json::array();
        for (const auto & call : common_chat_parse(answer, false, format).tool_calls) {
            json one = {{"name", call.name}};
            one["arguments"] = call.arguments;
            calls.push_back(one);
        }
        json message = {{"kind", "parsed"}};
        message["calls"] = calls;
        return message;
    }

    struct Entry {
        common_chat_templates_ptr templates;
        bool thinking = false;

        Entry(const std::string & source, const std::string & bos, const std::string & eos) {
            // Throws an error with its reason, which common_chat_templates_init removes.
            common_chat_template(source, bos, eos);
            templates = common_chat_templates_init(nullptr, source.empty() ? "chatml" : source, bos, eos);
            try {
                thinking = common_chat_templates_support_enable_thinking(templates.get());
            } catch (const std::exception &) {
                // Some templates reject the chat that llama.cpp tries.
            }
        }
    };
    std::unique_ptr<Entry> main_, tool_use_;
};

/// Returns the last line of an error of the engine, whose other lines quote the template.
json failure(const char * kind, const std::exception & error) {
    const std::string text = error.what();
    if (text.find("std::bad_alloc") != std::string::npos) throw std::bad_alloc();
    const std::string mark = "\nError: ";
    const size_t last = text.rfind(mark);
    json message = {{"kind", kind}};
    message["reason"] = text.substr(last == std::string::npos ? 0 : last + mark.size(), 300);
    return message;
}

json rendered(const Templates & templates, const json & chat) {
    try {
        return templates.render(chat);
    } catch (const std::exception & error) {
        return failure("rejected", error);
    }
}

void run() {
    std::string line;
    if (!std::getline(std::cin, line)) return;
    const json model = json::parse(line);
    std::unique_ptr<Templates> templates;
    json unparsable;
    try {
        templates.reset(new Templates(model));
    } catch (const std::exception & error) {
        unparsable = failure("unparsable", error);
    }
    while (std::getline(std::cin, line)) {
        const json message = templates ? rendered(*templates, json::parse(line)) : unparsable;
        std::printf("%s\n", message.dump_safe().c_str());
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc == 2 && std::string(argv[1]) == "--version") {
        std::printf("version: 2\n");
        return 0;
    }
    common_log_pause(common_log_main());
    setenv("TZ", "UTC", 1);
    const rlimit memory = {1u << 30, 1u << 30};
    setrlimit(RLIMIT_AS, &memory);
    try {
        run();
        return 0;
    } catch (const std::exception & error) {
        std::cerr << "llama-chat: " << error.what() << "\n";
        return 1;
    }
}
