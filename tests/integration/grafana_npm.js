// SPDX-License-Identifier: ISC
// With Grafana's own libraries, from npm: the types of @grafana/schema for the
// dashboards, and @grafana/data for what its tables make of real answers.
// node grafana_npm.js types|tables DIR FILE...   NODE_PATH has the libraries.
"use strict";
const fs = require("fs");
const path = require("path");
const { execFileSync } = require("child_process");

function fail(text) {
	console.error("grafana: " + text);
	process.exit(1);
}

// The panels' own options are of these modules.
const KINDS = {
	stat: "stat/panelcfg/x/StatPanelCfg", table: "table/panelcfg/x/TablePanelCfg",
	timeseries: "timeseries/panelcfg/x/TimeSeriesPanelCfg",
	"state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg",
	heatmap: "heatmap/panelcfg/x/HeatmapPanelCfg",
};
// Enumerations are words in JSON.
const HEAD = `import type { Dashboard } from '@grafana/schema';
type Words<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Words<U>[]
	: T extends object ? { [K in keyof T]: Words<T[K]> } : T;
type Part<T> = Partial<{ [K in keyof T]: T[K] extends object | undefined ? Part<T[K]> : T[K] }>;
`;

function source(page) {
	let text = HEAD, body = "";
	for (const kind in KINDS) {
		const name = "K" + kind.replace("-", "");
		text += `import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${KINDS[kind]}_types.gen';\n`;
		for (const panel of page.panels.filter(p => p.type === kind)) {
			body += `export const o${panel.id}: Part<Words<${name}.Options>> = ${JSON.stringify(panel.options)};\n`;
			if (kind !== "stat" && kind !== "heatmap")
				body += `export const c${panel.id}: Part<Words<${name}.FieldConfig>> = ${JSON.stringify(panel.fieldConfig.defaults.custom)};\n`;
		}
	}
	return text + `export const page: Words<Dashboard> = ${JSON.stringify(page, null, 1)};\n` + body;
}

function compile(directory, sources) {
	const modules = process.env.NODE_PATH;
	const link = path.join(directory, "node_modules");
	if (!fs.existsSync(link))
		fs.symlinkSync(modules, link);
	const files = sources.map((text, n) => {
		const file = path.join(directory, `page${n}.ts`);
		fs.writeFileSync(file, text);
		return file;
	});
	try {
		execFileSync(process.execPath, [path.join(modules, "typescript/lib/tsc.js"),
			"--noEmit", "--strict", "--skipLibCheck",
			"--moduleResolution", "bundler", "--module", "esnext", ...files],
		{ cwd: directory, encoding: "utf8" });
		return "";
	} catch (error) {
		return error.stdout || String(error);
	}
}

function types(directory, pages) {
	const wrong = compile(directory, pages.map(source));
	if (wrong)
		fail("types of @grafana/schema: " + wrong.slice(0, 4000));
	const broken = [
		page => { page.schemaVersion = "39"; },
		page => { page.panels[1].options.colorMode = "loud"; },
		page => { page.templating.list[1].refresh = 7; },
		page => { page.panels[1].fieldConfig.defaults.thresholds.mode = "relative"; },
		page => { page.panels[1].gridpos = {}; },
	];
	for (const change of broken) {
		const page = JSON.parse(JSON.stringify(pages[0]));
		change(page);
		if (!compile(directory, [source(page)]))
			fail("types: a broken copy is not noticed: " + change);
	}
	console.log(`grafana: ${pages.length} dashboards and their panels' options have the types of @grafana/schema` +
		`; ${broken.length} broken copies are noticed`);
}

// A table query's answer, as Grafana's Prometheus data source gives it.
function frame(data, target, answer) {
	const names = [...new Set(answer.flatMap(one => Object.keys(one.metric)))].sort();
	const fields = [{ name: "Time", type: "time", config: {}, values: answer.map(() => 0) }];
	for (const name of names)
		fields.push({ name, type: "string", config: { filterable: true },
			values: answer.map(one => one.metric[name] ?? "") });
	fields.push({ name: "Value #" + target.refId, type: "number", config: {},
		values: answer.map(one => Number(one.value[1])) });
	return data.toDataFrame({ refId: target.refId, fields: answer.length ? fields : [] });
}

async function made(data, panel, answers) {
	const { firstValueFrom } = require("rxjs");
	const frames = panel.targets.map(target => frame(data, target, answers[panel.id + target.refId]));
	const [table, ...more] = await firstValueFrom(data.transformDataFrame(panel.transformations, frames));
	if (more.length)
		fail(`${panel.title}: not one table`);
	const theme = data.createTheme();
	for (const field of table.fields) {
		const name = data.getFieldDisplayName(field, table, [table]);
		const config = { ...panel.fieldConfig.defaults };
		for (const one of panel.fieldConfig.overrides.filter(o => o.matcher.options === name))
			for (const { id, value } of one.properties)
				config[id] = value;
		field.config = { ...config, displayName: name };
		field.display = data.getDisplayProcessor({ field, theme });
	}
	const sort = (panel.options.sortBy[0] || {}).displayName;
	const at = table.fields.findIndex(field => field.config.displayName === sort);
	if (sort && at < 0)
		fail(`${panel.title}: no column ${sort} to sort by`);
	return at < 0 ? table : data.sortDataFrame(table, at, false);
}

function rows(data, table) {
	return Array.from({ length: table.length }, (_, n) => Object.fromEntries(table.fields.map(field => {
		const shown = field.display(field.values[n]);
		return [field.config.displayName, { value: field.values[n], color: shown.color,
			text: data.formattedValueToString(shown) }];
	})));
}

function expect(what, found, wanted) {
	if (JSON.stringify(found) !== JSON.stringify(wanted))
		fail(`${what}: ${JSON.stringify(found)} where ${JSON.stringify(wanted)} was expected`);
}

function judgeFleet(list, theme) {
	const red = theme.visualization.getColorByName("red");
	const left = list.map(row => row["time to act"].value);
	expect("order", left, [...left].sort((a, b) => a - b));
	for (const row of list) {
		const { severity, state, license } = row;
		expect("license", license.value, "main");
		expect("color of critical", severity.color === red, severity.value === "critical");
		if (!["ok", "warning", "critical"].includes(severity.value) || !state.value)
			fail("a row without severity or state: " + JSON.stringify(row));
		if (row["time to act"].value === 0 && state.value === "valid")
			fail("a valid license at the top");
	}
}

async function tables(directory, pages) {
	const data = require("@grafana/data");
	// What is loaded by now asks a browser for one property, and its language.
	Object.assign(globalThis, { window: {}, navigator: { languages: ["en"] } });
	data.standardTransformersRegistry.setInit(() => [data.standardTransformers.mergeTransformer,
		data.standardTransformers.organizeFieldsTransformer, data.standardTransformers.orderFieldsTransformer,
		data.standardTransformers.renameFieldsTransformer, data.standardTransformers.filterFieldsByNameTransformer]
		.map(one => ({ id: one.id, name: one.name, transformation: () => Promise.resolve(one), editor: null })));
	for (const page of pages) {
		const answers = JSON.parse(fs.readFileSync(path.join(directory, page.uid + ".answers")));
		for (const panel of page.panels.filter(one => one.type === "table")) {
			const table = await made(data, panel, answers);
			const list = rows(data, table);
			const wide = answers[panel.id + "A"].length;
			if (list.length < wide)
				fail(`${panel.title}: ${list.length} rows of ${wide}`);
			const keys = list.map(row => [row.job, row.instance, row.license].map(c => c && c.value).join());
			expect(panel.title + ": rows of one license", new Set(keys).size, list.length);
			for (const field of table.fields)
				if (/^(Value|Time|__name__)/.test(field.config.displayName))
					fail(`${panel.title}: the column ${field.config.displayName}`);
			console.log(`grafana: ${page.uid}, ${panel.title}: ${list.length} rows: ` +
				table.fields.map(field => field.config.displayName).join(", "));
			if (panel.title.startsWith("What needs")) {
				judgeFleet(list, data.createTheme());
				for (const row of [list[0], list[list.length >> 1], list[list.length - 1]])
					console.log("grafana:   " + Object.values(row).map(cell => cell.text || "-").join(" | "));
			}
			if (panel.title === "Agents")
				expect("the first of the agents", list[0].answers.text, "no");
		}
	}
}

const [what, directory, ...files] = process.argv.slice(2);
({ types, tables })[what](directory, files.map(file => JSON.parse(fs.readFileSync(file))));
