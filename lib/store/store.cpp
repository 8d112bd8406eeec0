namespace llmgw::store {}
