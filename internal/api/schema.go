package api

// schemas are the components of the OpenAPI document, with the names that the SDK has for them.
func schemas() schema {
	str := func() schema { return schema{"type": "string"} }
	id := schema{"type": "string", "format": "uuid"}
	moment := schema{"type": "string", "format": "date-time"}
	maybe := func(s schema) schema { return schema{"anyOf": []any{s, schema{"type": "null"}}} }
	many := func(s schema) schema { return schema{"type": "array", "items": s} }
	enum := func(words ...any) schema { return schema{"type": "string", "enum": words} }
	whole := schema{"type": "integer"}
	flag := schema{"type": "boolean"}
	usage := schema{"type": "object", "description": "An addition of this server: what was asked of models; absent when nothing was. " +
		"cached_calls cost nothing; cost_usd is null when the price of a model is not known; failed counts elements and pages that stayed as they were for want of an answer that can be used.",
		"properties": schema{"failed": whole, "calls": whole, "cached_calls": whole, "input_tokens": whole, "output_tokens": whole,
			"cost_usd": maybe(schema{"type": "number"})}}
	free := schema{"type": "object", "additionalProperties": true}
	of := func(required []any, properties schema) schema {
		return schema{"type": "object", "required": required, "properties": properties}
	}
	connector := of([]any{"id", "name", "type", "config", "created_at"}, schema{
		"id": id, "name": str(), "type": str(), "config": free, "created_at": moment, "updated_at": maybe(moment),
	})
	workflowType := enum("basic", "advanced", "platinum", "custom")
	status := enum("active", "inactive")
	nodes := many(ref("WorkflowNode"))
	deleteRemoved := schema{"anyOf": []any{flag, schema{"type": "null"}}, "description": "An addition of this server: after a complete " +
		"listing, documents that have left the source are removed from the destinations. false when it was never given."}
	writable := schema{
		"name": str(), "workflow_type": schema{"type": "string", "description": "basic, advanced, platinum, custom, template or auto"},
		"source_id": maybe(id), "destination_id": maybe(id), "source_ids": maybe(many(id)), "destination_ids": maybe(many(id)),
		"workflow_nodes": maybe(nodes), "template_id": maybe(str()), "schedule": maybe(str()), "reprocess_all": maybe(flag), "delete_removed": deleteRemoved, "status": maybe(status),
	}
	return schema{
		"SourceConnectorInformation":      connector,
		"DestinationConnectorInformation": connector,
		"CreateConnector":                 of([]any{"name", "type", "config"}, schema{"name": str(), "type": str(), "config": free}),
		"UpdateConnector":                 of([]any{"config"}, schema{"config": free}),
		"DagNodeConnectionCheck": of([]any{"id", "status", "created_at"}, schema{
			"id": id, "status": enum("SCHEDULED", "SUCCESS", "FAILURE"), "reason": maybe(str()), "created_at": moment, "reported_at": maybe(moment),
		}),
		"WorkflowNode": of([]any{"name", "type", "subtype"}, schema{
			"id": maybe(id), "name": str(), "type": str(), "subtype": str(), "settings": maybe(free),
		}),
		"WorkflowInformation": of([]any{"id", "name", "sources", "destinations", "workflow_nodes", "status", "created_at"}, schema{
			"id": id, "name": str(), "sources": many(id), "destinations": many(id), "workflow_type": workflowType,
			"workflow_nodes": nodes, "schedule": ref("WorkflowSchedule"), "status": status, "created_at": moment,
			"updated_at": maybe(moment), "reprocess_all": flag, "delete_removed": flag,
		}),
		"WorkflowSchedule": of([]any{"crontab_entries"}, schema{
			"crontab_entries": many(of([]any{"cron_expression"}, schema{"cron_expression": str()})),
		}),
		"CreateWorkflow": of([]any{"name", "workflow_type"}, writable),
		"UpdateWorkflow": of([]any{}, writable),
		"TemplateListItem": of([]any{"id", "name", "description", "version", "last_updated"}, schema{
			"id": str(), "name": str(), "description": str(), "version": str(), "last_updated": str(),
		}),
		"TemplateDetail": of([]any{"id", "name", "description", "version", "last_updated", "nodes"}, schema{
			"id": str(), "name": str(), "description": str(), "version": str(), "last_updated": str(), "nodes": nodes,
		}),
		"JobInformation": of([]any{"id", "workflow_id", "workflow_name", "status", "created_at"}, schema{
			"id": id, "workflow_id": id, "workflow_name": str(),
			"status":     enum("SCHEDULED", "IN_PROGRESS", "COMPLETED", "STOPPED", "FAILED"),
			"created_at": moment, "runtime": maybe(schema{"type": "string", "format": "duration"}), "input_file_ids": many(str()),
			"output_node_files": many(of([]any{"node_id", "file_id", "node_type", "node_subtype"}, schema{
				"node_id": id, "file_id": str(), "node_type": str(), "node_subtype": str(),
			})),
			"job_type": enum("ephemeral", "persistent", "scheduled", "template"),
		}),
		"JobDetails": of([]any{"id", "processing_status", "node_stats"}, schema{
			"id":                str(),
			"processing_status": enum("SCHEDULED", "IN_PROGRESS", "SUCCESS", "COMPLETED_WITH_ERRORS", "STOPPED", "FAILED"),
			"message":           maybe(str()),
			"removed": schema{"type": "integer", "description": "An addition of this server: documents that were removed from the " +
				"destinations, since they left the source."},
			"node_stats": many(of([]any{"ready", "in_progress", "success", "failure"}, schema{
				"node_name": maybe(str()), "node_type": maybe(str()), "node_subtype": maybe(str()),
				"ready": whole, "in_progress": whole, "success": whole, "failure": whole, "usage": usage,
			})),
			"usage": usage,
		}),
		"DryRun": of([]any{"new", "changed", "unchanged", "removed", "known", "documents", "truncated"}, schema{
			"new": whole, "changed": whole, "unchanged": whole, "removed": whole, "known": whole,
			"reprocess_all": flag, "delete_removed": flag,
			"stops": maybe(schema{"type": "string", "description": "why the removal would stop"}),
			"documents": many(of([]any{"change", "source_id", "identifier", "name"}, schema{
				"change": enum("new", "changed", "unchanged", "removed"), "source_id": id, "identifier": str(), "name": str(),
				"path": str(), "version": str(),
			})),
			"truncated": schema{"type": "boolean", "description": "there are more documents than limit; the counts are of all"},
		}),
		"JobFailedFiles": of([]any{"failed_files"}, schema{
			"failed_files": many(of([]any{"document", "error"}, schema{"document": str(), "error": str()})),
		}),
		"Element": of([]any{"type", "element_id", "text", "metadata"}, schema{
			"type": str(), "element_id": str(), "text": str(), "metadata": free, "embeddings": many(schema{"type": "number"}),
		}),
		"Error": of([]any{"detail"}, schema{"detail": str()}),
		"HTTPValidationError": of([]any{"detail"}, schema{"detail": schema{"anyOf": []any{
			str(), many(ref("ValidationError")),
		}}}),
		"ValidationError": of([]any{"type", "loc", "msg"}, schema{
			"type": str(), "loc": many(schema{"anyOf": []any{str(), whole}}), "msg": str(), "input": schema{},
		}),
	}
}
