namespace llmgw::observe {}
