namespace llmgw::providers {}
